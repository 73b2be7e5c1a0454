#include "api.h"

#include "http/reply.h"
#include "http/server.h"
#include "secure/secret.h"
#include "stripe.h"

#define KEY_MAX 255

/* The answer to an idempotency key, given again to the same call. */
struct replay {
	struct map_node node;
	uint8_t call[32]; /* digest of method, path and parameters */
	int status;
	struct str body;
};

/* The key of `Basic base64(key:)`; ptr NULL if it is none. */
static struct str basic_key(struct arena *a, struct str encoded)
{
	char *url = arena_bytes(a, encoded.len);
	struct str plain = STR_NONE;
	size_t len = 0;

	for (; len < encoded.len && encoded.ptr[len] != '='; len++)
		url[len] = encoded.ptr[len] == '+'   ? '-'
			   : encoded.ptr[len] == '/' ? '_'
						     : encoded.ptr[len];
	if (!base64url_decode(a, str_span(url, len), &plain))
		return STR_NONE;
	return str_span(plain.ptr, str_find(plain, ':'));
}

static bool key_is_good(struct api *a)
{
	struct str given = http_header(http_req(a->t), STR("authorization")), key = given;
	const char *want = a->s->secret_key;

	if (str_starts(given, STR("Bearer ")))
		key = str_from(given, 7);
	else if (str_starts(given, STR("Basic ")))
		key = basic_key(&a->t->arena, str_from(given, 6));
	else
		key = STR_NONE;
	if (key.len && (want ? str_eq(key, str_of(want)) : true))
		return true;
	api_fail(a, 401, key.len ? "api_key_invalid" : NULL, NULL, "%s",
		key.len ? "Invalid API Key provided."
			: "You did not provide an API key. You need to provide your API "
			  "key in the Authorization header, using Bearer auth.");
	return false;
}

/* "2026-08-26" or "2026-08-26.dahlia" */
static bool version_is_good(struct str v)
{
	static const char shape[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof shape - 1; i++) {
		if (i >= v.len || (shape[i] == '-' ? v.ptr[i] != '-'
						   : v.ptr[i] < '0' || v.ptr[i] > '9'))
			return false;
	}
	return v.len == 10 || (v.len > 11 && v.len <= 40 && v.ptr[10] == '.');
}

static bool read_version(struct api *a)
{
	struct str v = http_header(http_req(a->t), STR("stripe-version"));

	if (!v.ptr)
		v = STR(API_VERSION);
	if (!version_is_good(v)) {
		api_fail(
			a, 400, NULL, NULL, "Invalid Stripe API version: %.*s", STR_ARG(v));
		return false;
	}
	reply_header(a->t, STR("Stripe-Version"), v);
	return true;
}

static bool read_form(struct api *a)
{
	const struct http_request *r = http_req(a->t);
	struct str type = http_header(r, STR("content-type"));
	const char *wrong;

	if (r->method == HTTP_M_POST && r->body.len &&
		!str_starts(type, STR("application/x-www-form-urlencoded"))) {
		api_fail(a, 400, NULL, NULL,
			"Invalid request: the content type must be "
			"application/x-www-form-urlencoded");
		return false;
	}
	wrong = form_read(
		&a->t->arena, r->method == HTTP_M_POST ? r->body : r->query, &a->form);
	if (wrong)
		api_fail(a, 400, NULL, NULL, "Invalid request: %s", wrong);
	return !wrong;
}

static bool read_key(struct api *a)
{
	const struct http_request *r = http_req(a->t);

	if (r->method != HTTP_M_POST)
		return true;
	a->key = http_header(r, STR("idempotency-key"));
	if (a->key.len > KEY_MAX)
		api_fail(a, 400, NULL, NULL, "The idempotency key is too long.");
	return !a->failed;
}

static void digest_call(struct api *a, uint8_t out[32])
{
	const struct http_request *r = http_req(a->t);
	struct str all = arena_fmt(&a->t->arena, "%.*s\n", STR_ARG(r->path));
	char *bytes = arena_bytes(&a->t->arena, all.len + r->body.len);

	memcpy(bytes, all.ptr, all.len);
	if (r->body.len)
		memcpy(bytes + all.len, r->body.ptr, r->body.len);
	sha256(str_span(bytes, all.len + r->body.len), out);
}

static outcome_t answer(struct api *a, int status, struct str body)
{
	reply_header(a->t, STR("Request-Id"), str_of(a->request_id));
	if (a->key.len)
		reply_header(a->t, STR("Idempotency-Key"), a->key);
	return reply_bytes(a->t, status, STR("application/json"), body);
}

/* The key was used before: the same answer, or a refusal. */
static outcome_t answer_again(
	struct api *a, const struct replay *old, const uint8_t call[32])
{
	if (memcmp(old->call, call, 32) != 0) {
		api_fail_as(a, 400, "idempotency_error", NULL, NULL,
			STR("Keys for idempotent requests can only be used with the same "
			    "parameters they were first used with."));
		return answer(a, a->status, buf_str(a->w.out));
	}
	reply_header(a->t, STR("Idempotent-Replayed"), STR("true"));
	return answer(a, old->status, old->body);
}

static void remember(struct api *a, const uint8_t call[32])
{
	struct replay *r = arena_new(&a->s->arena, struct replay);

	memcpy(r->call, call, sizeof r->call);
	r->status = a->status;
	r->body = arena_dup(&a->s->arena, buf_str(a->w.out));
	r->node.key = arena_dup(&a->s->arena, a->key);
	map_insert(&a->s->replays, &r->node);
}

/* Calls that were refused are not remembered: nothing was begun. */
static outcome_t run(struct api *a, api_fn *fn)
{
	struct map_node *old = a->key.len ? map_find(&a->s->replays, a->key) : NULL;
	uint8_t call[32];

	digest_call(a, call);
	if (old)
		return answer_again(a, container_of(old, struct replay, node), call);
	fn(a);
	if (!a->failed && a->key.len)
		remember(a, call);
	return answer(a, a->status, buf_str(a->w.out));
}

/* As POST /__control asked. */
static outcome_t fail_as_told(struct api *a)
{
	struct stripe *s = a->s;
	uint8_t call[32];

	s->calls_failed++;
	api_fail(a, (int)s->control.fail_status, NULL, NULL, "An unknown error occurred");
	if (s->control.fail_times && --s->control.fail_times == 0)
		s->control.fail_status = 0;
	a->key = http_header(http_req(a->t), STR("idempotency-key"));
	if (s->control.fail_stored && a->key.len && !map_find(&s->replays, a->key)) {
		digest_call(a, call);
		remember(a, call);
	}
	return answer(a, a->status, buf_str(a->w.out));
}

struct late {
	api_fn *fn;
};

static step_fn late_call;

static outcome_t call_now(struct task *t, api_fn *fn)
{
	struct stripe *s = t->app->self;
	struct api a = { .t = t, .s = s, .status = 200 };

	buf_clear(&s->scratch);
	a.w = json_writer(&s->scratch);
	object_id(a.request_id, "req_");
	s->calls++;
	if (s->control.fail_status)
		return fail_as_told(&a);
	if (!key_is_good(&a) || !read_version(&a) || !read_form(&a) || !read_key(&a))
		return answer(&a, a.status, buf_str(a.w.out));
	return run(&a, fn);
}

static outcome_t late_call(struct task *t, enum err e)
{
	const struct late *l = t->state;

	return e == ERR_OK ? call_now(t, l->fn) : reply_error(t, e);
}

outcome_t api_call(struct task *t, api_fn *fn)
{
	struct stripe *s = t->app->self;

	if (!s->control.delay_ms)
		return call_now(t, fn);
	task_new(t, struct late)->fn = fn;
	return task_sleep(t, (uint64_t)s->control.delay_ms, late_call);
}
