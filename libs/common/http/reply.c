#include "http/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "http/exchange.h"

#define INVALID_MAX 32

/* One thing that is wrong with the input, in the task's arena. */
struct invalid {
	struct invalid *next;
	struct str pointer, detail;
};

#define REDUCED "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"

const struct problem PROBLEM_UNAUTHORIZED = { 401, "unauthorized",
	"Authentication needed" };
const struct problem PROBLEM_FORBIDDEN = { 403, "forbidden", "Not allowed" };
const struct problem PROBLEM_NOT_FOUND = { 404, "not_found", "Not found" };
const struct problem PROBLEM_CONFLICT = { 409, "conflict", "Conflict" };
const struct problem PROBLEM_TOO_LARGE = { 413, "too_large", "Body too large" };
const struct problem PROBLEM_RATE_LIMITED = { 429, "rate_limited", "Too many requests" };
const struct problem PROBLEM_UNAVAILABLE = { 503, "unavailable", "Not available now",
	REDUCED };

static const struct problem invalid_input = { 400, "invalid_request", "Invalid request" };
static const struct problem not_json = { 415, "unsupported_media_type",
	"The body must be application/json" };
static const struct problem busy = { 503, "busy", "Too busy now", REDUCED };
static const struct problem timed_out = { 503, "timeout", "Not done in time", REDUCED };
static const struct problem unsure = { 503, "outcome_unknown",
	"It is not known whether this took effect" };
static const struct problem internal = { 500, "internal", "Internal error" };

/* ---- headers and plain bodies ---- */

void reply_header(struct task *t, struct str name, struct str value)
{
	if (!answer_add_field(t->http, name, value))
		log_error("reply-header-bad", L_INT("name_length", name.len),
			L_INT("value_length", value.len));
}

struct json_writer *reply_body(struct task *t)
{
	struct http_exchange *x = t->http;

	if (!x->has_json)
		x->json = json_writer(&x->body);
	x->has_json = true;
	return &x->json;
}

outcome_t reply_bytes(struct task *t, int status, struct str content_type, struct str body)
{
	struct http_exchange *x = t->http;
	outcome_t said = task_said_end(t);

	assert(!x->status);
	answer_begin(x, status, content_type, (int64_t)body.len);
	answer_body(x, body);
	exchange_end(x);
	return said;
}

outcome_t reply_json(struct task *t, int status)
{
	assert(t->http->has_json && t->http->json.depth == 0);
	return reply_bytes(
		t, status, STR("application/json; charset=utf-8"), buf_str(&t->http->body));
}

outcome_t reply_empty(struct task *t, int status)
{
	return reply_bytes(t, status, STR_NONE, STR_NONE);
}

/* ---- problems ---- */

static void write_problem(
	struct http_exchange *x, const struct problem *p, const char *detail)
{
	struct json_writer *w = &x->json;

	buf_clear(&x->body); /* an answer that was begun is given up */
	*w = json_writer(&x->body);
	json_object(w, NULL);
	json_put_z(w, "type", p->type ? p->type : "about:blank");
	json_put_z(w, "title", p->title);
	json_put_i64(w, "status", p->status);
	json_put_z(w, "code", p->code);
	json_put_z(w, "detail", detail ? detail : p->title);
	json_put_z(w, "request_id", x->task.log.request_id);
	if (x->invalid)
		json_array(w, "errors");
	for (const struct invalid *one = x->invalid; one; one = one->next) {
		json_object(w, NULL);
		json_put_str(w, "pointer", one->pointer);
		json_put_str(w, "detail", one->detail);
		json_end(w);
	}
	if (x->invalid)
		json_end(w);
	json_end(w);
}

/* Who brought no token is not told that it is a bad one (RFC 6750 3.1). */
static struct str challenge(const struct http_exchange *x)
{
	static const struct str scheme = { "Bearer", 6 };
	struct str given = x->intake.head.known[HEAD_AUTHORIZATION], word;

	if (str_cut(&given, ' ', &word) && str_eq_nocase(word, scheme))
		return STR("Bearer error=\"invalid_token\"");
	return STR("Bearer realm=\"castor\"");
}

outcome_t reply_problem(struct task *t, const struct problem *p, const char *detail)
{
	struct http_exchange *x = t->http;

	write_problem(x, p, detail);
	if (p->status == 401 && !x->has_www_authenticate)
		reply_header(t, STR("WWW-Authenticate"), challenge(x));
	if ((p->status == 503 || p->status == 429) && !x->has_retry_after)
		reply_header(t, STR("Retry-After"), STR("1"));
	return reply_bytes(
		t, p->status, STR("application/problem+json"), buf_str(&x->body));
}

outcome_t reply_error(struct task *t, enum err e)
{
	switch (e) {
	case ERR_NOT_FOUND:
		return reply_problem(t, &PROBLEM_NOT_FOUND, NULL);
	case ERR_INVALID:
		return reply_invalid(t);
	case ERR_DENIED: /* 403 is for those who are known */
		return reply_problem(
			t, t->caller ? &PROBLEM_FORBIDDEN : &PROBLEM_UNAUTHORIZED, NULL);
	case ERR_CONFLICT:
		return reply_problem(t, &PROBLEM_CONFLICT, NULL);
	case ERR_BUSY:
		return reply_problem(t, &busy, NULL);
	case ERR_TIMEOUT:
		return reply_problem(t, &timed_out, NULL);
	case ERR_UNAVAILABLE:
	case ERR_CANCELED:
		return reply_problem(t, &PROBLEM_UNAVAILABLE, NULL);
	case ERR_UNSURE:
		return reply_problem(t, &unsure,
			"Ask again with the same Idempotency-Key to learn the outcome");
	case ERR_INTERNAL:
	case ERR_OK:
		break;
	}
	assert(e != ERR_OK);
	return reply_problem(t, &internal, NULL);
}

/* The lasting names of what head.c, chunk.c and the timers refuse. */
static const struct problem refusals[] = {
	{ 405, "method_not_allowed", "Method not allowed" },
	{ 408, "request_timeout", "Request too slow" },
	{ 413, "too_large", "Body too large" },
	{ 414, "target_too_long", "Request target too long" },
	{ 417, "expectation_failed", "Expectation not met" },
	{ 421, "misdirected_request", "This host is not served here" },
	{ 431, "headers_too_large", "Header fields too large" },
	{ 501, "not_implemented", "Not implemented" },
	{ 503, "busy", "Too busy now", REDUCED },
	{ 505, "version_not_supported", "HTTP version not supported" },
	{ 400, "malformed_request", "Malformed request" },
};

void answer_refusal(struct http_exchange *x, const struct refusal *no)
{
	const struct problem *p = refusals;

	while (p->status != no->status && p->status != 400)
		p++;
	assert(p->status == no->status);
	if (p->status == 405)
		reply_header(&x->task, STR("Allow"),
			STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
	(void)!reply_problem(&x->task, p, no->why).said_;
}

/* ---- invalid input ---- */

void reply_invalid_add(struct task *t, struct str pointer, const char *fmt, ...)
{
	struct http_exchange *x = t->http;
	struct invalid *one;
	char detail[200];
	va_list ap;

	if (x->invalid_count++ >= INVALID_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	one = arena_new(&t->arena, struct invalid);
	one->pointer = arena_dup(&t->arena, pointer);
	one->detail = arena_dup(&t->arena, str_of(detail));
	if (!x->invalid)
		x->invalid_end = &x->invalid;
	*x->invalid_end = one;
	x->invalid_end = &one->next;
}

bool reply_invalid_any(const struct task *t)
{
	return t->http->invalid != NULL;
}

outcome_t reply_invalid(struct task *t)
{
	struct http_exchange *x = t->http;
	char detail[300];

	if (x->bad_media)
		return reply_problem(t, &not_json, NULL);
	if (!x->invalid)
		return reply_problem(t, &invalid_input, NULL);
	snprintf(detail, sizeof detail, "%.*s: %.*s", STR_ARG(x->invalid->pointer),
		STR_ARG(x->invalid->detail));
	return reply_problem(
		t, &invalid_input, x->invalid->pointer.len ? detail : detail + 2);
}
