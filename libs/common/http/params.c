#include "http/params.h"

#include <stdio.h>

#include "base/utf8.h"
#include "http/exchange.h"

#define NAME_SHOWN 64 /* of a member that we do not know */

/* ---- one value ---- */

static const char *kind_name(const struct param *p)
{
	switch (p->kind) {
	case PARAM_STR:
		return "a string";
	case PARAM_INT:
		return "a whole number";
	case PARAM_BOOL:
		return "true or false";
	case PARAM_UUID:
		return "a UUID";
	case PARAM_OBJECT:
		return "an object";
	}
	return "something else";
}

static struct str pointer_to(struct task *t, struct str name)
{
	char escaped[2 * NAME_SHOWN + 1];
	struct str shown = str_span(
		name.ptr, name.len < NAME_SHOWN ? name.len : NAME_SHOWN);
	size_t n = 0;

	shown.len = utf8_whole(shown);
	escaped[n++] = '/';
	for (size_t i = 0; i < shown.len; i++) { /* RFC 6901 */
		if (shown.ptr[i] != '~' && shown.ptr[i] != '/') {
			escaped[n++] = shown.ptr[i];
			continue;
		}
		escaped[n++] = '~';
		escaped[n++] = shown.ptr[i] == '~' ? '0' : '1';
	}
	return arena_dup(&t->arena, str_span(escaped, n));
}

static void read_str(struct task *t, const struct param *p, const struct json *j)
{
	struct str pointer = pointer_to(t, str_of(p->name));
	int64_t count = (int64_t)utf8_count(j->text);

	if (count < p->min && p->min == 1)
		reply_invalid_add(t, pointer, "must not be empty");
	else if (count < p->min)
		reply_invalid_add(t, pointer, "must have at least %lld characters",
			(long long)p->min);
	else if (count > p->max)
		reply_invalid_add(
			t, pointer, "must have at most %lld characters", (long long)p->max);
	else
		*(struct str *)p->into = j->text;
}

static bool read_int(struct task *t, const struct param *p, const struct json *j)
{
	int64_t n;

	if (!json_i64(j, &n))
		return false;
	if (n < p->min || n > p->max)
		reply_invalid_add(t, pointer_to(t, str_of(p->name)),
			"must be from %lld to %lld", (long long)p->min, (long long)p->max);
	else
		*(int64_t *)p->into = n;
	return true;
}

/* False if it is of another kind. */
static bool read_value(struct task *t, const struct param *p, const struct json *j)
{
	switch (p->kind) {
	case PARAM_STR:
		if (j->kind != JSON_STRING)
			return false;
		read_str(t, p, j);
		return true;
	case PARAM_INT:
		return read_int(t, p, j);
	case PARAM_BOOL:
		if (j->kind != JSON_BOOL)
			return false;
		*(bool *)p->into = j->truth;
		return true;
	case PARAM_UUID:
		return json_uuid(j, p->into);
	case PARAM_OBJECT:
		if (j->kind != JSON_OBJECT)
			return false;
		*(const struct json **)p->into = j;
		return true;
	}
	return false;
}

static void read_one(struct task *t, const struct param *p, const struct json *object)
{
	const struct json *j = json_get(object, p->name);
	bool absent = !j || (j->kind == JSON_NULL && p->optional);

	if (absent && !p->optional)
		reply_invalid_add(t, pointer_to(t, str_of(p->name)), "is required");
	else if (!absent && !read_value(t, p, j))
		reply_invalid_add(
			t, pointer_to(t, str_of(p->name)), "must be %s", kind_name(p));
}

/* ---- the body ---- */

/* "application/json", with no parameter but charset=utf-8. */
static bool is_json(struct str type)
{
	struct str part;

	if (!str_cut(&type, ';', &part) ||
		!str_eq_nocase(str_trim(part), STR("application/json")))
		return false;
	while (str_cut(&type, ';', &part)) {
		part = str_trim(part);
		if (part.len && !str_eq_nocase(part, STR("charset=utf-8")) &&
			!str_eq_nocase(part, STR("charset=\"utf-8\"")))
			return false;
	}
	return true;
}

/* The JSON object that is the body; NULL after saying what is wrong with it. */
static const struct json *read_body(struct task *t)
{
	const struct http_request *r = http_req(t);
	const struct json *body;
	const char *why;

	if (r->body.len == 0) {
		reply_invalid_add(t, STR_NONE, "The body must be a JSON object");
		return NULL;
	}
	if (!is_json(http_header(r, STR("Content-Type")))) {
		t->http->bad_media = true;
		return NULL;
	}
	if (json_parse(&t->arena, r->body, NULL, &body, &why) != ERR_OK) {
		reply_invalid_add(t, STR_NONE, "The body is not valid JSON: %s", why);
		return NULL;
	}
	if (body->kind != JSON_OBJECT) {
		reply_invalid_add(t, STR_NONE, "The body must be a JSON object");
		return NULL;
	}
	return body;
}

static bool is_known(const struct param *list, size_t n, struct str key)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(str_of(list[i].name), key))
			return true;
	}
	return false;
}

bool params_read_all(struct task *t, const struct param *list, size_t n)
{
	const struct json *body = read_body(t);

	if (!body)
		return false;
	for (size_t i = 0; i < n; i++)
		read_one(t, &list[i], body);
	for (const struct json *j = body->first; j; j = j->next) {
		if (!is_known(list, n, j->key))
			reply_invalid_add(t, pointer_to(t, j->key), "is not known here");
	}
	return !reply_invalid_any(t);
}

/* ---- path and query ---- */

bool params_path_uuid(const struct task *t, int index, struct uuid *out)
{
	return uuid_parse(http_req(t)->param[index], out);
}

bool params_query_int(struct task *t, const char *name, int64_t dflt, int64_t min,
	int64_t max, int64_t *out)
{
	struct str text, pointer = arena_fmt(&t->arena, "?%s", name);
	int64_t n;

	if (!http_query(http_req(t), &t->arena, str_of(name), &text)) {
		reply_invalid_add(t, pointer, "must be given once, well encoded");
		return false;
	}
	if (!text.ptr) {
		*out = dflt;
		return true;
	}
	if (!str_i64(text, &n) || n < min || n > max) {
		reply_invalid_add(t, pointer, "must be a whole number from %lld to %lld",
			(long long)min, (long long)max);
		return false;
	}
	*out = n;
	return true;
}
