/*
 * GET and POST /subscribe/pro: where the user can pay.
 *
 *   begin -> customer (once per user) -> session -> write it down -> reply
 *   begin -> the session under way, looked at -> reply
 *
 * Every step may be repeated by anybody at any time: the idempotency keys come from what is
 * stored, so that a second request, or the same one after a crash, gets the same customer
 * and the same session. Who has a subscription gets 409; without Stripe it is 503.
 */
#include "accounts_store.h"
#include "billing.h"
#include "events_store.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"
#include "stripe_form.h"

#define TRIES_MAX 5
#define AGAIN_MS  150

static const struct problem already_subscribed = { 409, "already_subscribed",
	"You have a subscription already", NULL };

struct checkout {
	struct str terms; /* another price or address is another checkout */
	struct checkout_row row;
	struct stripe_call call;
	struct stripe_session session;
	struct stripe_event paid; /* noted when the session turns out to be */
	bool fresh;
	int tries;
};

static step_fn checkout_start, checkout_begun, session_looked_at, paid_noted, customer_made,
	customer_linked, customer_gone, session_made, session_written, key_changed;

static outcome_t subscribe(struct task *t)
{
	struct billing *b = billing_of(t);
	struct checkout *c = task_new(t, struct checkout);

	c->terms = arena_fmt(
		&t->arena, "%s %s %s", b->price_pro, b->public_url, b->stripe_version);
	return checkout_start(t, ERR_OK);
}

outcome_t subscribe_post(struct task *t)
{
	if (http_req(t)->body.len && !params_read_all(t, NULL, 0))
		return reply_invalid(t);
	return subscribe(t);
}

/* It changes something, which GET should not: kept for old clients. (RFC 9745) */
outcome_t subscribe_get(struct task *t)
{
	reply_header(t, STR("Deprecation"), STR("@1795305600"));
	reply_header(
		t, STR("Link"), STR("</subscribe/pro>; rel=\"alternate\"; title=\"POST\""));
	return subscribe(t);
}

static outcome_t reply_url(struct task *t, struct str url)
{
	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_str(w, "checkout_url", url);
	json_end(w);
	return reply_json(t, 200);
}

/* Stripe's refusals are ours to mend: outside they all look like Stripe being away. */
static outcome_t reply_away(struct task *t, enum err e)
{
	return reply_error(t, e == ERR_TIMEOUT || e == ERR_CANCELED ? e : ERR_UNAVAILABLE);
}

/* Stripe keeps a 5xx and gives it again to the same key: the next try needs another one. */
static bool key_is_burnt(const struct stripe_call *call)
{
	return call->status >= 500;
}

static outcome_t key_changed(struct task *t, enum err e)
{
	return reply_error(t, e == ERR_OK ? ERR_UNAVAILABLE : e);
}

/* From the top, a moment later. */
static outcome_t start_again(struct task *t, enum err e)
{
	struct checkout *c = t->state;

	if (++c->tries == TRIES_MAX)
		return reply_away(t, e);
	return task_sleep(t, AGAIN_MS, checkout_start);
}

static outcome_t checkout_start(struct task *t, enum err e)
{
	struct checkout *c = t->state;
	struct uuid attempt = uuid_v7();

	if (e != ERR_OK)
		return reply_error(t, e);
	return checkout_begin(
		t, &t->caller->user_id, c->terms, &attempt, &c->row, checkout_begun);
}

/* ---- the session under way ---- */

static outcome_t session_look(struct task *t)
{
	struct checkout *c = t->state;

	c->call = (struct stripe_call){ .path = arena_fmt(&t->arena,
						"/v1/checkout/sessions/%.*s",
						STR_ARG(c->row.session_id)) };
	return stripe_call(t, &billing_of(t)->stripe, &c->call, session_looked_at);
}

/* Paid, but the event has not come or is not worked off: look at it now. */
static outcome_t note_paid(struct task *t)
{
	struct checkout *c = t->state;

	c->paid = (struct stripe_event){
		.id = arena_fmt(&t->arena, "castor_%.*s", STR_ARG(c->session.id)),
		.type = STR("checkout.session.completed"),
		.action = ACTION_SESSION,
		.object_id = c->session.id,
		.subscription_id = c->session.subscription_id,
		.user_id = t->caller->user_id,
	};
	return events_insert(t, &c->paid, &c->fresh, paid_noted);
}

static outcome_t paid_noted(struct task *t, enum err e)
{
	if (e != ERR_OK)
		return reply_error(t, e);
	lanes_kick(billing_of(t)->lanes);
	return reply_problem(t, &already_subscribed,
		"Your payment was received and is being worked on.");
}

static outcome_t session_looked_at(struct task *t, enum err e)
{
	struct checkout *c = t->state;

	if (e == ERR_OK)
		e = stripe_session_read(c->call.answer, &c->session);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return reply_away(t, e);
	if (e == ERR_OK && str_eq(c->session.status, STR("complete")))
		return note_paid(t);
	if (e == ERR_OK && str_eq(c->session.status, STR("open")) && c->session.url.len)
		return reply_url(t, c->session.url);
	return checkout_drop(t, &t->caller->user_id, &c->row.attempt, checkout_start);
}

/* ---- a new customer ---- */

static const char *user_text(struct task *t)
{
	char *text = arena_bytes(&t->arena, UUID_TEXT_SIZE);

	uuid_format(&t->caller->user_id, text);
	return text;
}

static outcome_t customer_make(struct task *t)
{
	struct checkout *c = t->state;
	const char *user = user_text(t);

	c->call = (struct stripe_call){ .path = STR("/v1/customers") };
	c->call.key = arena_fmt(
		&t->arena, "castor-customer-%s-%lld", user, (long long)c->row.customers)
			      .ptr;
	form_put(&c->call.form, "metadata[user_id]", str_of(user));
	return stripe_call(t, &billing_of(t)->stripe, &c->call, customer_made);
}

static outcome_t customer_made(struct task *t, enum err e)
{
	struct checkout *c = t->state;

	if (e == ERR_CONFLICT)
		return start_again(t, e);
	if (e != ERR_OK && key_is_burnt(&c->call))
		return account_new_key(
			t, &t->caller->user_id, c->row.customers, key_changed);
	if (e != ERR_OK)
		return reply_away(t, e);
	c->row.customer_id = json_text(json_get(c->call.answer, "id"));
	if (!c->row.customer_id.len)
		return reply_error(t, ERR_INTERNAL);
	return account_link(t, &t->caller->user_id, &c->row.customer_id, customer_linked);
}

/* ---- a new session ---- */

static outcome_t session_make(struct task *t)
{
	struct billing *b = billing_of(t);
	struct checkout *c = t->state;
	struct buf *form = &c->call.form;
	struct str user = str_of(user_text(t));
	char attempt[UUID_TEXT_SIZE];

	uuid_format(&c->row.attempt, attempt);
	c->call = (struct stripe_call){ .path = STR("/v1/checkout/sessions") };
	c->call.key = arena_fmt(&t->arena, "castor-checkout-%s", attempt).ptr;
	form_put(form, "mode", STR("subscription"));
	form_put(form, "line_items[0][price]", str_of(b->price_pro));
	form_put(form, "line_items[0][quantity]", STR("1"));
	form_put(form, "customer", c->row.customer_id);
	form_put(form, "client_reference_id", user);
	form_put(form, "metadata[user_id]", user);
	form_put(form, "subscription_data[metadata][user_id]", user);
	form_put(form, "success_url",
		arena_fmt(&t->arena,
			"%s/subscription/done?session_id={CHECKOUT_SESSION_ID}",
			b->public_url));
	form_put(form, "cancel_url", str_of(b->public_url));
	return stripe_call(t, &b->stripe, &c->call, session_made);
}

static outcome_t customer_linked(struct task *t, enum err e)
{
	return e == ERR_OK ? session_make(t) : reply_error(t, e);
}

static outcome_t checkout_begun(struct task *t, enum err e)
{
	struct checkout *c = t->state;

	if (e != ERR_OK)
		return reply_error(t, e);
	if (str_eq(c->row.tier, STR("Pro")) || c->row.standing.ptr)
		return reply_problem(t, &already_subscribed,
			"Manage it with POST /subscription/portal.");
	if (c->row.session_id.ptr)
		return session_look(t);
	return c->row.customer_id.ptr ? session_make(t) : customer_make(t);
}

static bool customer_is_gone(const struct stripe_call *call)
{
	return str_eq(call->error_code, STR("resource_missing")) &&
	       str_eq(call->error_param, STR("customer"));
}

static outcome_t session_made(struct task *t, enum err e)
{
	struct checkout *c = t->state;

	if (e == ERR_INVALID && customer_is_gone(&c->call))
		return account_unlink(
			t, &t->caller->user_id, c->row.customer_id, customer_gone);
	if (e == ERR_INVALID && str_eq(c->call.error_type, STR("idempotency_error")))
		return checkout_drop(
			t, &t->caller->user_id, &c->row.attempt, customer_gone);
	if (e == ERR_CONFLICT)
		return start_again(t, e);
	if (e != ERR_OK && key_is_burnt(&c->call))
		return checkout_drop(t, &t->caller->user_id, &c->row.attempt, key_changed);
	if (e == ERR_OK)
		e = stripe_session_read(c->call.answer, &c->session);
	if (e != ERR_OK || !c->session.url.len)
		return reply_away(t, e);
	return checkout_opened(t, &c->row.attempt, c->session.id, c->session.url,
		c->session.expires_at_s, session_written);
}

/* What stood in the way is away. */
static outcome_t customer_gone(struct task *t, enum err e)
{
	return e == ERR_OK ? start_again(t, ERR_UNAVAILABLE) : reply_error(t, e);
}

/* If the attempt was given up meanwhile, the session of the new one is the one to pay. */
static outcome_t session_written(struct task *t, enum err e)
{
	struct checkout *c = t->state;

	if (e == ERR_NOT_FOUND)
		return start_again(t, ERR_UNAVAILABLE);
	return e == ERR_OK ? reply_url(t, c->session.url) : reply_error(t, e);
}
