/*
 * control - what tests turn and ask: how webhooks go, when calls fail, what becomes of a
 * subscription, an event once more. None of it is Stripe's. README.md lists it.
 */
#include "base/clock.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"
#include "stripe.h"

/* In the order of enum webhooks. */
static const char *const modes[] = { "on", "off", "duplicate", "reverse" };
#define MODES (sizeof modes / sizeof *modes)

outcome_t control_get(struct task *t)
{
	const struct stripe *s = t->app->self;
	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_z(w, "webhooks", modes[s->control.webhooks]);
	json_put_bool(w, "thin", s->control.thin);
	json_put_bool(w, "livemode", s->control.livemode);
	json_put_i64(w, "fail_status", s->control.fail_status);
	json_put_i64(w, "fail_times", s->control.fail_times);
	json_put_bool(w, "fail_stored", s->control.fail_stored);
	json_put_i64(w, "delay_ms", s->control.delay_ms);
	json_put_i64(w, "calls", s->calls);
	json_put_i64(w, "calls_failed", s->calls_failed);
	json_put_i64(w, "customers", (int64_t)s->customers.by_id.count);
	json_put_i64(w, "sessions", (int64_t)s->sessions.by_id.count);
	json_put_i64(w, "subscriptions", (int64_t)s->subscriptions.by_id.count);
	json_put_i64(w, "events", (int64_t)s->events.by_id.count);
	json_put_i64(w, "undelivered", courier_left(s));
	json_end(w);
	return reply_json(t, 200);
}

static bool read_mode(struct task *t, struct str name, enum webhooks *out)
{
	for (size_t i = 0; i < MODES; i++) {
		if (str_eq(name, str_of(modes[i]))) {
			*out = (enum webhooks)i;
			return true;
		}
	}
	reply_invalid_add(t, STR("/webhooks"), "on, off, duplicate or reverse");
	return false;
}

outcome_t control_post(struct task *t)
{
	struct stripe *s = t->app->self;
	struct control c = s->control;
	struct str mode = str_of(modes[c.webhooks]);

	if (!params_read(t, P_OPT_STR("webhooks", &mode, 1, 20),
		    P_OPT_BOOL("thin", &c.thin), P_OPT_BOOL("livemode", &c.livemode),
		    P_OPT_INT("fail_status", &c.fail_status, 0, 599),
		    P_OPT_INT("fail_times", &c.fail_times, 0, 1000000),
		    P_OPT_BOOL("fail_stored", &c.fail_stored),
		    P_OPT_INT("delay_ms", &c.delay_ms, 0, 600000)) ||
		!read_mode(t, mode, &c.webhooks))
		return reply_invalid(t);
	s->control = c;
	return control_get(t);
}

outcome_t reset_post(struct task *t)
{
	struct stripe *s = t->app->self;

	if (s->courier.busy)
		return reply_problem(t, &PROBLEM_CONFLICT, "A webhook is on its way.");
	stripe_fini(s);
	stripe_init(s);
	return reply_empty(t, 204);
}

/* ---- POST /__events/{id}/resend: deliver it now, and say how that was answered ---- */

static step_fn resent;

outcome_t event_resend(struct task *t)
{
	struct stripe *s = t->app->self;
	struct event *e = shelf_find(&s->events, http_req(t)->param[0]);
	struct outbound_call *c;

	if (!e || !s->webhook_url)
		return reply_error(t, ERR_NOT_FOUND);
	c = courier_call(s, &t->arena, e);
	t->state = c;
	return outbound_run(t, s->outbound, c, resent);
}

static outcome_t resent(struct task *t, enum err e)
{
	struct stripe *s = t->app->self;
	struct outbound_call *c = t->state;
	struct event *ev = shelf_find(&s->events, http_req(t)->param[0]);
	int status = e == ERR_OK ? c->status : 0;
	struct json_writer *w = reply_body(t);

	buf_fini(&c->answer);
	if (ev && status / 100 == 2)
		ev->delivered = true;
	json_object(w, NULL);
	json_put_i64(w, "status", status);
	json_end(w);
	return reply_json(t, 200);
}

/* ---- POST /__subscriptions/{id}: {"status","current_period_end"} as if time had passed
 * ---- */

static const char *event_type_of(struct str status)
{
	if (str_eq(status, STR("canceled")))
		return "customer.subscription.deleted";
	if (str_eq(status, STR("paused")))
		return "customer.subscription.paused";
	return "customer.subscription.updated";
}

outcome_t subscription_force(struct task *t)
{
	struct stripe *s = t->app->self;
	struct subscription *u = shelf_find(&s->subscriptions, http_req(t)->param[0]);
	struct str status;
	int64_t period_end;

	if (!u)
		return reply_error(t, ERR_NOT_FOUND);
	status = u->status;
	period_end = u->period_end;
	if (!params_read(t, P_OPT_STR("status", &status, 1, 40),
		    P_OPT_INT("current_period_end", &period_end, 1, 1LL << 40)))
		return reply_invalid(t);
	u->status = arena_dup(&s->arena, status);
	u->period_end = period_end;
	if (str_eq(status, STR("canceled")) && !u->ended_at)
		u->ended_at = u->canceled_at = clock_wall_s();
	if (str_eq(status, STR("past_due"))) {
		invoice_add(s, u, false);
		event_of_invoice(s, "invoice.payment_failed", u->invoice);
	}
	event_of_subscription(s, event_type_of(status), u, NULL);
	subscription_write(reply_body(t), NULL, s, u);
	return reply_json(t, 200);
}
