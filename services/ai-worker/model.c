#include "model.h"

#include <stdio.h>

#include "base/utf8.h"
#include "json/read.h"

static void keep(char *into, size_t size, struct str s)
{
	if (s.len >= size)
		s.len = utf8_whole(str_span(s.ptr, size - 1));
	if (s.ptr)
		snprintf(into, size, "%.*s", STR_ARG(s));
}

/* Never negative, and small enough to be added. */
static int64_t count_of(const struct json *usage, const char *name)
{
	int64_t n = 0;

	json_i64(json_get(usage, name), &n);
	return n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : n;
}

static void read_counts(struct model_said *said, const struct json *usage)
{
	int64_t out = count_of(usage, "candidatesTokenCount") +
		      count_of(usage, "thoughtsTokenCount");

	if (json_get(usage, "promptTokenCount"))
		said->prompt_tokens = count_of(usage, "promptTokenCount");
	if (out > said->output_tokens)
		said->output_tokens = out;
}

/* Reasoning summaries (thought: true) are not the answer. */
static void read_parts(const struct json *parts, struct buf *text)
{
	if (!parts || parts->kind != JSON_ARRAY)
		return;
	for (const struct json *part = parts->first; part; part = part->next) {
		if (!json_is_true(json_get(part, "thought")))
			buf_add_str(text, json_text(json_get(part, "text")));
	}
}

/* "23s", "0.5s" */
static int64_t duration_ms(struct str s)
{
	struct str whole, rest = s;
	uint64_t seconds, ms = 0, unit = 100;

	if (!s.len || s.ptr[s.len - 1] != 's')
		return -1;
	rest.len--;
	if (!str_cut(&rest, '.', &whole) || !str_u64(whole, &seconds) ||
		seconds > 86400 * 7)
		return -1;
	for (size_t i = 0; i < rest.len && i < 3; i++, unit /= 10) {
		if (rest.ptr[i] < '0' || rest.ptr[i] > '9')
			return -1;
		ms += (uint64_t)(rest.ptr[i] - '0') * unit;
	}
	return (int64_t)(seconds * 1000 + ms);
}

static bool contains(struct str s, struct str part)
{
	for (size_t i = 0; i + part.len <= s.len; i++) {
		if (str_eq(str_span(s.ptr + i, part.len), part))
			return true;
	}
	return false;
}

static void read_detail(struct model_said *said, const struct json *detail)
{
	struct str type = json_text(json_get(detail, "@type"));
	const struct json *violations = json_get(detail, "violations");

	if (str_ends(type, STR("google.rpc.RetryInfo")))
		said->retry_ms = duration_ms(json_text(json_get(detail, "retryDelay")));
	if (!str_ends(type, STR("google.rpc.QuotaFailure")) || !violations)
		return;
	for (const struct json *v = violations->first; v; v = v->next) {
		if (contains(json_text(json_get(v, "quotaId")), STR("PerDay")))
			said->per_day = true;
	}
}

static void read_error_object(struct model_said *said, const struct json *error)
{
	const struct json *details = json_get(error, "details");
	int64_t code;

	said->failed = true;
	if (json_i64(json_get(error, "code"), &code) && code >= 400 && code <= 599)
		said->code = (int)code;
	keep(said->status, sizeof said->status, json_text(json_get(error, "status")));
	for (const struct json *d = details ? details->first : NULL; d; d = d->next)
		read_detail(said, d);
}

enum err model_read(struct model_said *said, struct str json, struct buf *text)
{
	const struct json *root, *candidate;
	const char *why;
	struct arena a;
	enum err e;

	arena_init(&a);
	e = json_parse(&a, json, NULL, &root, &why);
	if (e == ERR_OK && root->kind != JSON_OBJECT)
		e = ERR_INVALID;
	if (e == ERR_OK && json_get(root, "error")) {
		said->retry_ms = -1;
		read_error_object(said, json_get(root, "error"));
	} else if (e == ERR_OK) {
		candidate = json_at(root, "candidates.0");
		read_parts(json_at(candidate, "content.parts"), text);
		keep(said->finish_reason, sizeof said->finish_reason,
			json_text(json_get(candidate, "finishReason")));
		keep(said->block_reason, sizeof said->block_reason,
			json_text(json_at(root, "promptFeedback.blockReason")));
		keep(said->version, sizeof said->version,
			json_text(json_get(root, "modelVersion")));
		read_counts(said, json_get(root, "usageMetadata"));
	}
	arena_fini(&a);
	return e;
}

void model_read_error(struct model_said *said, int http_status, struct str body)
{
	const struct json *root, *error = NULL;
	const char *why;
	struct arena a;

	arena_init(&a);
	said->failed = true;
	said->retry_ms = -1;
	if (json_parse(&a, body, NULL, &root, &why) == ERR_OK) {
		/* Without alt=sse errors come as an array of one. */
		error = json_get(root->kind == JSON_ARRAY ? root->first : root, "error");
		if (error)
			read_error_object(said, error);
	}
	said->code = http_status; /* what was said on the wire counts */
	arena_fini(&a);
}

const char *answer_end_name(enum answer_end end)
{
	switch (end) {
	case END_COMPLETE:
		return "complete";
	case END_TRUNCATED:
		return "truncated";
	case END_BLOCKED:
		return "blocked";
	case END_INCOMPLETE:
		return "incomplete";
	case END_FAILED:
		return "failed";
	case END_RETRY:
		return "retry";
	case END_STOPPED:
		return "stopped";
	}
	return "unknown";
}

static enum answer_end judge_error(const struct model_said *said, const char **why)
{
	int code = said->code;

	if (code == 408 || code == 429 || code >= 500 || code == 0)
		return END_RETRY;
	if (code == 401 || code == 403)
		*why = "The model provider refused this installation's credentials.";
	else if (code == 404)
		*why = "The configured model does not exist.";
	else
		*why = "The model refused the request.";
	return END_FAILED;
}

static bool one_of(const char *s, const char *const *list)
{
	for (; *list; list++) {
		if (!strcmp(s, *list))
			return true;
	}
	return false;
}

static enum answer_end judge_finish(
	const struct model_said *said, bool has_text, const char **why)
{
	static const char *const blocking[] = { "SAFETY", "RECITATION", "BLOCKLIST",
		"PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY", NULL };

	if (said->block_reason[0] || one_of(said->finish_reason, blocking))
		return END_BLOCKED;
	if (!strcmp(said->finish_reason, "MAX_TOKENS"))
		return END_TRUNCATED;
	if (!strcmp(said->finish_reason, "STOP") && has_text)
		return END_COMPLETE;
	*why = "The model ended without an answer.";
	return END_FAILED;
}

enum answer_end model_judge(const struct model_said *said, enum err transport,
	int http_status, bool has_text, const char **why)
{
	enum answer_end end;

	*why = NULL;
	if (http_status != 0 && http_status != 200)
		return judge_error(said, why);
	if (transport == ERR_OK && !said->failed &&
		(said->finish_reason[0] || said->block_reason[0]))
		return judge_finish(said, has_text, why);
	/* Cut, garbled or an error in the middle: what was shown cannot be taken back. */
	if (has_text) {
		*why = "The answer was cut off before its end.";
		return END_INCOMPLETE;
	}
	end = said->failed ? judge_error(said, why) : END_RETRY;
	return end;
}

enum model_news model_news_of(
	const struct model_said *said, enum err transport, int http_status)
{
	int code = http_status == 200 || http_status == 0 ? said->code : http_status;

	if (code == 429)
		return said->per_day ? NEWS_DAY_USED : NEWS_RESTS;
	if (code == 404)
		return NEWS_UNKNOWN;
	if (code == 401 || code == 403 || transport == ERR_CANCELED)
		return NEWS_NONE;
	if (code == 408 || code >= 500)
		return NEWS_DOWN;
	if (said->finish_reason[0] || said->block_reason[0] || said->version[0] ||
		code != 0)
		return NEWS_ANSWERED;
	return transport == ERR_OK || transport == ERR_INVALID ? NEWS_ANSWERED : NEWS_DOWN;
}
