#include "stripe_client.h"

#include "base/clock.h"
#include "base/list.h"

#define CONNECTIONS_MAX 32
#define CONNECT_MS      3000
#define FIRST_BYTE_MS   15000
#define TOTAL_MS        20000
#define ANSWER_MAX      (1 << 20)

void stripe_client_open(struct stripe_client *c, struct app *app, const char *base_url,
	const char *secret_key, const char *api_version)
{
	struct str base = str_of(base_url);

	while (str_ends(base, STR("/")))
		base.len--;
	c->base_url = arena_cstr(&app->arena, base);
	c->authorization =
		arena_fmt(&app->arena, "Authorization: Bearer %s", secret_key).ptr;
	c->version = arena_fmt(&app->arena, "Stripe-Version: %s", api_version).ptr;
	c->calls = metrics_counter(
		app->metrics, "castor_billing_stripe_calls_total", "Calls to Stripe", NULL);
	c->failures = metrics_counter(app->metrics, "castor_billing_stripe_failures_total",
		"Calls to Stripe that were not answered with 2xx", NULL);
	c->outbound = outbound_open(&app->loop, CONNECTIONS_MAX);
}

void stripe_client_close(struct stripe_client *c, void (*cb)(void *ctx), void *ctx)
{
	outbound_close(&c->outbound, cb, ctx);
}

/* ---- the answer ---- */

static enum err err_of_status(int status)
{
	if (status / 100 == 2)
		return ERR_OK;
	switch (status) {
	case 400:
	case 402:
		return ERR_INVALID;
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_CONFLICT;
	case 429:
		return ERR_BUSY;
	default:
		return status >= 500 ? ERR_UNAVAILABLE : ERR_INTERNAL;
	}
}

static void read_error(struct stripe_call *c)
{
	c->error_type = json_text(json_at(c->answer, "error.type"));
	c->error_code = json_text(json_at(c->answer, "error.code"));
	c->error_param = json_text(json_at(c->answer, "error.param"));
}

/* The body outlives the transfer: strings of the JSON may point into it. */
static enum err read_answer(struct stripe_call *c)
{
	struct arena *a = &c->task->arena;
	struct str body = arena_dup(a, buf_str(&c->out.answer));
	enum err e = err_of_status(c->out.status);
	const char *why;

	if (json_parse(a, body, NULL, &c->answer, &why) != ERR_OK) {
		c->answer = NULL;
		return e == ERR_OK ? ERR_INTERNAL : e;
	}
	if (e != ERR_OK)
		read_error(c);
	return e;
}

/* Stripe's message is not logged: it may quote what was sent. */
static void log_failure(const struct stripe_call *c, enum err e)
{
	log_warn("stripe-call-failed", L_ERR(e), L_STR("path", c->path),
		L_INT("status", c->out.status), L_STR("type", c->error_type),
		L_STR("code", c->error_code), L_STR("param", c->error_param),
		L_Z("stripe_request_id", c->out.request_id));
}

static void on_done(struct outbound_call *out, enum err e)
{
	struct stripe_call *c = container_of(out, struct stripe_call, out);

	c->status = out->status;
	if (e == ERR_OK)
		e = read_answer(c);
	c->retry_after_s = out->retry_after_s;
	if (e != ERR_OK) {
		++*c->client->failures;
		log_context_set(&c->task->log);
		log_failure(c, e);
		log_context_set(NULL);
	}
	buf_fini(&out->answer);
	buf_fini(&c->form);
	task_wake_soon(c->task, e);
}

/* ---- the call ---- */

static void cancel(struct task *t, void *ctx)
{
	struct stripe_call *c = ctx;

	outbound_cancel(&c->out);
	buf_fini(&c->out.answer);
	task_wake_soon(t, ERR_CANCELED);
}

static const char *const *headers_of(const struct stripe_call *c)
{
	struct arena *a = &c->task->arena;
	const char **h = arena_alloc(a, 5 * sizeof *h);

	h[0] = c->client->authorization;
	h[1] = c->client->version;
	if (c->key) {
		h[2] = "Content-Type: application/x-www-form-urlencoded";
		h[3] = arena_fmt(a, "Idempotency-Key: %s", c->key).ptr;
	}
	return h;
}

/* What is left of the task's time, if that is less. */
static unsigned total_ms(const struct task *t)
{
	uint64_t now = clock_mono_ms();

	if (!t->deadline_ms || t->deadline_ms > now + TOTAL_MS)
		return TOTAL_MS;
	return t->deadline_ms > now ? (unsigned)(t->deadline_ms - now) : 1;
}

outcome_t stripe_call(
	struct task *t, struct stripe_client *client, struct stripe_call *c, step_fn *next)
{
	c->client = client;
	c->task = t;
	c->answer = NULL;
	c->status = 0;
	c->error_type = c->error_code = c->error_param = STR_NONE;
	c->out = (struct outbound_call){
		.method = c->key ? "POST" : "GET",
		.url = arena_fmt(&t->arena, "%s%.*s", client->base_url, STR_ARG(c->path))
			       .ptr,
		.headers = headers_of(c),
		.body = buf_str(&c->form),
		.connect_ms = CONNECT_MS,
		.first_byte_ms = FIRST_BYTE_MS,
		.total_ms = total_ms(t),
		.body_max = ANSWER_MAX,
		.on_done = on_done,
	};
	++*client->calls;
	outbound_send(client->outbound, &c->out);
	if (!c->key) /* a POST runs on: what became of it must be written down */
		task_on_cancel(t, cancel, c);
	return task_wait(t, next);
}
