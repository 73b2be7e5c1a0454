#include "api.h"

#include <stdarg.h>
#include <stdio.h>

#include "stripe.h"

/* ---- errors ---- */

void api_fail_as(struct api *a, int status, const char *type, const char *code,
	const char *param, struct str message)
{
	if (a->failed)
		return;
	a->failed = true;
	a->status = status;
	buf_clear(a->w.out);
	a->w = json_writer(a->w.out);
	json_object(&a->w, NULL);
	json_object(&a->w, "error");
	json_put_z(&a->w, "type", type);
	if (code)
		json_put_z(&a->w, "code", code);
	json_put_str(&a->w, "message", message);
	if (param)
		json_put_z(&a->w, "param", param);
	json_put_str(&a->w, "request_log_url",
		arena_fmt(&a->t->arena, "https://dashboard.stripe.com/test/logs/%s",
			a->request_id));
	json_end(&a->w);
	json_end(&a->w);
}

void api_fail(struct api *a, int status, const char *code, const char *param,
	const char *fmt, ...)
{
	char message[512];
	struct str text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	/* What was quoted may have been cut inside a character, or quote bytes of a bad
	 * key. */
	for (char *c = message; *c; c++) {
		if (*c & 0x80)
			*c = '?';
	}
	text = str_of(message);
	api_fail_as(a, status, status >= 500 ? "api_error" : "invalid_request_error", code,
		param, text);
}

void api_missing(struct api *a, const char *kind, const char *param, struct str id)
{
	api_fail(a, param && strcmp(param, "id") ? 400 : 404, "resource_missing", param,
		"No such %s: '%.*s'", kind, STR_ARG(id));
}

/* ---- readers ---- */

struct str api_keep(struct api *a, struct str s)
{
	return s.ptr ? arena_dup(&a->s->arena, s) : s;
}

struct str api_str(struct api *a, const char *key)
{
	struct form_pair *p = form_find(&a->form, str_of(key));

	return p && p->value.len ? p->value : STR_NONE;
}

struct str api_required(struct api *a, const char *key)
{
	struct str value = api_str(a, key);

	if (!value.ptr)
		api_fail(a, 400, "parameter_missing", key, "Missing required param: %s.",
			key);
	return value;
}

bool api_bool(struct api *a, const char *key, bool *out)
{
	struct str value = api_str(a, key);

	if (!value.ptr)
		return false;
	if (!str_eq(value, STR("true")) && !str_eq(value, STR("false"))) {
		api_fail(a, 400, "parameter_invalid_boolean", key, "Invalid boolean: %.*s",
			STR_ARG(value));
		return false;
	}
	*out = value.len == 4;
	return true;
}

bool api_int(struct api *a, const char *key, int64_t min, int64_t max, int64_t *out)
{
	struct str value = api_str(a, key);
	int64_t n;

	if (!value.ptr)
		return false;
	if (!str_i64(value, &n) || n < min || n > max) {
		api_fail(a, 400, "parameter_invalid_integer", key, "Invalid integer: %.*s",
			STR_ARG(value));
		return false;
	}
	*out = n;
	return true;
}

static struct pair *without(struct arena *a, const struct pair *p, struct str name)
{
	struct pair *copy;

	if (!p)
		return NULL;
	if (str_eq(p->name, name))
		return without(a, p->next, name);
	copy = arena_new(a, struct pair);
	*copy = *p;
	copy->next = without(a, p->next, name);
	return copy;
}

struct pair *api_metadata(struct api *a, const char *key, struct pair *old)
{
	struct form_pair *p;
	struct str name;
	size_t at = 0;

	while ((p = form_next(&a->form, str_of(key), &at, &name))) {
		struct pair *one;

		old = without(&a->s->arena, old, name);
		if (name.len > PAIR_NAME_MAX || p->value.len > 500)
			api_fail(a, 400, NULL, key, "Metadata is too long: %.*s",
				STR_ARG(name));
		if (!p->value.len || a->failed)
			continue;
		one = arena_new(&a->s->arena, struct pair);
		*one = (struct pair){ api_keep(a, name), api_keep(a, p->value), old };
		old = one;
	}
	return old;
}

bool api_ready(struct api *a)
{
	const struct form_pair *unknown;
	struct str segment;
	size_t at = 0;

	while (form_next(&a->form, STR("expand"), &at, &segment))
		; /* nothing here can be expanded */
	unknown = form_unused(&a->form);
	if (unknown)
		api_fail(a, 400, "parameter_unknown", NULL,
			"Received unknown parameter: %.*s", STR_ARG(unknown->key));
	return !a->failed;
}
