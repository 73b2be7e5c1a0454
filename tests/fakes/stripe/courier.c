/*
 * courier - one webhook after the other to WEBHOOK_URL. What is not answered with 2xx is
 * sent again, freshly signed, after a growing wait, while others go past it.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "secure/secret.h"
#include "stripe.h"

#define ATTEMPTS_MAX  10
#define FIRST_WAIT_MS 500
#define WAIT_MAX_MS   30000

struct delivery {
	struct list link;
	struct event *event;
	uint64_t due_ms; /* clock_mono_ms */
	unsigned attempts;
};

/* ---- one call ---- */

static struct str signature(struct stripe *s, struct arena *a, struct str body)
{
	long long now = clock_wall_s();
	struct str prefix = arena_fmt(a, "%lld.", now);
	char *signed_text = arena_bytes(a, prefix.len + body.len);
	uint8_t mac[32];
	char hex[65];

	memcpy(signed_text, prefix.ptr, prefix.len);
	memcpy(signed_text + prefix.len, body.ptr, body.len);
	hmac_sha256(str_of(s->webhook_secret), str_span(signed_text, prefix.len + body.len),
		mac);
	hex_format(mac, sizeof mac, hex);
	return arena_fmt(a, "Stripe-Signature: t=%lld,v1=%s", now, hex);
}

struct outbound_call *courier_call(struct stripe *s, struct arena *a, const struct event *e)
{
	struct outbound_call *c = arena_new(a, struct outbound_call);
	const char **headers = arena_alloc(a, 4 * sizeof *headers);
	struct json_writer w;

	buf_clear(&s->snapshot);
	w = json_writer(&s->snapshot);
	if (s->control.thin)
		event_write_thin(&w, e);
	else
		event_write(&w, NULL, e);
	c->method = "POST";
	c->url = s->webhook_url;
	c->body = arena_dup(a, buf_str(&s->snapshot));
	headers[0] = "Content-Type: application/json; charset=utf-8";
	headers[1] = arena_cstr(a, signature(s, a, c->body));
	headers[2] = "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)";
	c->headers = headers;
	c->first_byte_ms = 10000;
	c->total_ms = 20000;
	return c;
}

/* ---- one delivery ---- */

struct sending {
	struct delivery *delivery;
	struct outbound_call *call;
};

static step_fn courier_send, courier_sent;

static void schedule(struct courier *k);

static outcome_t courier_send(struct task *t, enum err e)
{
	struct stripe *s = t->app->self;
	struct delivery *d = t->state;
	struct sending *n = task_new(t, struct sending);

	(void)e;
	n->delivery = d;
	n->call = courier_call(s, &t->arena, d->event);
	return outbound_run(t, s->outbound, n->call, courier_sent);
}

static void try_again(struct courier *k, struct delivery *d)
{
	uint64_t wait = FIRST_WAIT_MS << (d->attempts - 1);

	d->due_ms = clock_mono_ms() + (wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
	list_push(&k->waiting, &d->link);
}

static outcome_t courier_sent(struct task *t, enum err e)
{
	struct stripe *s = t->app->self;
	struct sending *n = t->state;
	struct delivery *d = n->delivery;
	int status = e == ERR_OK ? n->call->status : 0;

	buf_fini(&n->call->answer);
	d->attempts++;
	if (status / 100 == 2) {
		d->event->delivered = true;
		free(d);
	} else if (d->attempts == ATTEMPTS_MAX || s->courier.quiet) {
		free(d);
	} else {
		try_again(&s->courier, d);
	}
	if (status / 100 != 2)
		log_warn("webhook-refused", L_ERR(e), L_INT("status", status));
	s->courier.busy = false;
	schedule(&s->courier);
	return task_end(t);
}

/* ---- which one next ---- */

static struct delivery *first_due(struct courier *k, uint64_t now)
{
	const struct stripe *s = container_of(k, struct stripe, courier);
	struct delivery *best = NULL;

	LIST_EACH (&k->waiting, it) {
		struct delivery *d = container_of(it, struct delivery, link);

		if (d->due_ms <= now && (!best || s->control.webhooks == WEBHOOKS_REVERSE))
			best = d;
	}
	return best;
}

static void on_wake(struct timer *timer)
{
	struct courier *k = container_of(timer, struct courier, wake);
	struct delivery *d;

	if (k->busy || k->quiet)
		return;
	d = first_due(k, clock_mono_ms());
	if (!d) {
		schedule(k);
		return;
	}
	list_del(&d->link);
	k->busy = true;
	task_start(k->app, courier_send, d);
}

/* Wakes when the next one is due; never within the call, so that what belongs together is
 * all there before the first is chosen. */
static void schedule(struct courier *k)
{
	uint64_t now = clock_mono_ms(), due = UINT64_MAX;

	if (k->quiet || list_empty(&k->waiting))
		return;
	LIST_EACH (&k->waiting, it) {
		struct delivery *d = container_of(it, struct delivery, link);

		due = d->due_ms < due ? d->due_ms : due;
	}
	timer_start(&k->wake, due > now ? due - now : 0, 0);
}

static void add_one(struct courier *k, struct event *e)
{
	struct delivery *d = calloc(1, sizeof *d);

	if (!d)
		abort();
	d->event = e;
	list_push(&k->waiting, &d->link);
}

void courier_add(struct stripe *s, struct event *e)
{
	struct courier *k = &s->courier;

	if (!s->webhook_url || s->control.webhooks == WEBHOOKS_OFF || k->quiet)
		return;
	add_one(k, e);
	if (s->control.webhooks == WEBHOOKS_DUPLICATE)
		add_one(k, e);
	if (!k->busy)
		timer_start(&k->wake, 0, 0);
}

int64_t courier_left(const struct stripe *s)
{
	int64_t n = s->courier.busy;

	LIST_EACH (&s->courier.waiting, it)
		n++;
	return n;
}

/* ---- begin and end ---- */

void courier_open(struct app *app)
{
	struct stripe *s = app->self;

	s->courier.app = app;
	list_init(&s->courier.waiting);
	timer_open(&app->loop, &s->courier.wake, on_wake);
}

void courier_clear(struct stripe *s)
{
	struct list *link;

	while ((link = list_pop(&s->courier.waiting)))
		free(container_of(link, struct delivery, link));
}

void courier_close(struct stripe *s)
{
	courier_clear(s);
	timer_close(&s->courier.wake, NULL);
}
