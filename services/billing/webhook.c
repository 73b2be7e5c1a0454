/*
 * POST /webhook/stripe: check the signature over the bytes as they came, read the event,
 * store it, answer. The work begins from the stored row (lanes.c).
 *
 * A repeat changes nothing and is answered like the first. What is not stored is not
 * answered with 2xx, so that Stripe sends it again.
 */
#include "base/clock.h"
#include "billing.h"
#include "events_store.h"
#include "http/reply.h"
#include "http/server.h"
#include "stripe_signature.h"

static const struct problem bad_signature = { 400, "bad_signature",
	"The signature is not valid", NULL };
static const struct problem bad_event = { 400, "bad_event", "This is not a Stripe event",
	NULL };
static const struct problem wrong_mode = { 400, "wrong_livemode",
	"The event is of the other mode", NULL };

struct webhook {
	struct stripe_event event;
	bool fresh;
};

static step_fn webhook_stored;

static enum stripe_signature check(struct task *t)
{
	const struct billing *b = billing_of(t);
	const struct http_request *r = http_req(t);
	const char *secrets[] = { b->webhook_secret,
		b->webhook_secret_previous ? b->webhook_secret_previous : "", NULL };

	return stripe_signature_check(
		http_header(r, STR("stripe-signature")), r->body, secrets, clock_wall_s());
}

static outcome_t refuse(struct task *t, const struct problem *p)
{
	++*billing_of(t)->events_refused;
	return reply_problem(t, p, NULL);
}

outcome_t webhook_post(struct task *t)
{
	struct webhook *h = task_new(t, struct webhook);
	enum stripe_signature s = check(t);
	const struct json *j;
	const char *why;

	if (s != SIGNATURE_GOOD) {
		log_warn("webhook-signature", L_Z("why", stripe_signature_name(s)),
			L_STR("peer", http_req(t)->peer));
		return refuse(t, &bad_signature);
	}
	if (json_parse(&t->arena, http_req(t)->body, NULL, &j, &why) != ERR_OK ||
		stripe_event_read(j, &h->event) != ERR_OK) {
		log_error("webhook-unreadable");
		return refuse(t, &bad_event);
	}
	if (h->event.has_livemode && h->event.livemode != billing_of(t)->livemode) {
		log_error("webhook-livemode", L_STR("event", h->event.id));
		return refuse(t, &wrong_mode);
	}
	return events_insert(t, &h->event, &h->fresh, webhook_stored);
}

static outcome_t webhook_stored(struct task *t, enum err e)
{
	struct billing *b = billing_of(t);
	struct webhook *h = t->state;
	struct json_writer *w;

	if (e != ERR_OK)
		return reply_error(t, e);
	if (h->fresh && h->event.for_operator)
		log_warn("stripe-attention", L_STR("event", h->event.id),
			L_STR("type", h->event.type));
	++*(h->fresh ? b->events_stored : b->events_repeated);
	if (h->fresh && h->event.action != ACTION_NONE)
		lanes_kick(b->lanes);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_z(w, "status", "success");
	json_end(w);
	return reply_json(t, 200);
}
