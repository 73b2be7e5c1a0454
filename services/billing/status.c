/*
 * GET /subscription/status: the tier, and the subscription it comes from.
 * GET /subscription/done: where Stripe sends the browser after paying. It grants nothing:
 * the event does.
 */
#include "billing.h"
#include "http/reply.h"
#include "subscriptions_store.h"

static step_fn status_read;

outcome_t status_get(struct task *t)
{
	struct subscription_view *v = task_new(t, struct subscription_view);

	return subscription_view(t, &t->caller->user_id, v, status_read);
}

static outcome_t status_read(struct task *t, enum err e)
{
	const struct subscription_view *v = t->state;
	struct json_writer *w;

	if (e != ERR_OK)
		return reply_error(t, e);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_str(w, "subscription_tier", v->tier);
	json_put_str(w, "status", v->status);
	if (v->period_end_us)
		json_put_time(w, "current_period_end", v->period_end_us);
	else
		json_put_null(w, "current_period_end");
	json_put_bool(w, "cancel_at_period_end", v->ends_then);
	json_end(w);
	return reply_json(t, 200);
}

outcome_t done_get(struct task *t)
{
	reply_header(t, STR("Content-Security-Policy"),
		STR("default-src 'none'; style-src 'unsafe-inline'"));
	return reply_bytes(t, 200, STR("text/html; charset=utf-8"),
		STR("<!doctype html>\n"
		    "<html lang=\"en\"><meta charset=\"utf-8\"><title>Payment "
		    "received</title>\n"
		    "<meta name=\"viewport\" content=\"width=device-width\">\n"
		    "<style>body{font:16px system-ui;max-width:26em;margin:4em auto;"
		    "padding:0 1em}</style>\n"
		    "<h1>Payment received</h1>\n"
		    "<p>You may close this page.</p>\n"));
}
