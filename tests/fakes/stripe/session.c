#include <stdio.h>

#include "base/clock.h"
#include "http/server.h"
#include "stripe.h"

#define HALF_HOUR_S 1800
#define DAY_S       86400

static const char *status_name(enum session_status status)
{
	static const char *const names[] = { "open", "complete", "expired" };

	return names[status];
}

static void put_url(struct json_writer *w, const struct stripe *s, const struct session *c)
{
	char url[512];

	if (c->status != SESSION_OPEN) {
		json_put_null(w, "url");
		return;
	}
	snprintf(url, sizeof url, "%s/pay/%s", s->public_url, c->o.id);
	json_put_z(w, "url", url);
}

void session_write(
	struct json_writer *w, const char *key, const struct stripe *s, struct session *c)
{
	json_object(w, key);
	json_put_z(w, "id", c->o.id);
	json_put_z(w, "object", "checkout.session");
	json_put_i64(w, "amount_total", PRICE_MINOR * c->quantity);
	put_text(w, "cancel_url", c->cancel_url);
	put_text(w, "client_reference_id", c->client_reference_id);
	json_put_i64(w, "created", c->o.created);
	json_put_z(w, "currency", PRICE_CURRENCY);
	put_id(w, "customer", c->customer ? &c->customer->o : NULL);
	put_text(w, "customer_email", c->customer_email);
	json_put_i64(w, "expires_at", c->expires_at);
	json_put_bool(w, "livemode", c->o.livemode);
	pairs_write(w, "metadata", c->metadata);
	json_put_z(w, "mode", "subscription");
	json_put_z(w, "payment_status", c->status == SESSION_COMPLETE ? "paid" : "unpaid");
	json_put_z(w, "status", status_name(c->status));
	put_id(w, "subscription", c->subscription ? &c->subscription->o : NULL);
	put_text(w, "success_url", c->success_url);
	json_put_z(w, "ui_mode", "hosted_page");
	put_url(w, s, c);
	json_end(w);
}

void session_age(struct stripe *s, struct session *c)
{
	if (c->status != SESSION_OPEN || clock_wall_s() < c->expires_at)
		return;
	c->status = SESSION_EXPIRED;
	event_of_session(s, "checkout.session.expired", c, NULL);
}

void session_pay(struct stripe *s, struct session *c)
{
	if (!c->customer)
		c->customer = customer_add(s, c->customer_email);
	c->status = SESSION_COMPLETE;
	c->subscription = subscription_add(s, c);
	event_of_session(s, "checkout.session.completed", c, NULL);
	event_of_subscription(s, "customer.subscription.created", c->subscription, NULL);
	event_of_invoice(s, "invoice.paid", c->subscription->invoice);
}

/* ---- POST /v1/checkout/sessions ---- */

bool url_is_sound(struct str url)
{
	for (size_t i = 0; i < url.len; i++) {
		if (url.ptr[i] <= ' ' || url.ptr[i] >= 0x7f)
			return false;
	}
	return str_starts(url, STR("http://")) || str_starts(url, STR("https://"));
}

static void check_urls(struct api *a, const struct session *c)
{
	if (c->success_url.ptr && !url_is_sound(c->success_url))
		api_fail(a, 400, "url_invalid", "success_url", "Not a valid URL");
	if (c->cancel_url.ptr && !url_is_sound(c->cancel_url))
		api_fail(a, 400, "url_invalid", "cancel_url", "Not a valid URL");
}

static void read_customer(struct api *a, struct session *c)
{
	struct str id = api_str(a, "customer");

	c->customer_email = api_keep(a, api_str(a, "customer_email"));
	if (id.ptr && c->customer_email.ptr)
		api_fail(a, 400, NULL, "customer_email",
			"You may only specify one of these parameters: customer, "
			"customer_email.");
	if (!id.ptr)
		return;
	c->customer = shelf_find(&a->s->customers, id);
	if (!c->customer || c->customer->deleted)
		api_missing(a, "customer", "customer", id);
}

static void read_line_item(struct api *a, struct session *c)
{
	struct str price = api_required(a, "line_items[0][price]");

	c->quantity = 1;
	api_int(a, "line_items[0][quantity]", 1, 999999, &c->quantity);
	if (price.ptr && !price_exists(price))
		api_missing(a, "price", "line_items[0][price]", price);
	c->price = api_keep(a, price);
}

static void read_kind(struct api *a)
{
	struct str mode = api_required(a, "mode"), ui = api_str(a, "ui_mode");
	bool unused;

	if (mode.ptr && !str_eq(mode, STR("subscription")))
		api_fail(a, 400, NULL, "mode",
			"This simulator has the mode subscription only.");
	if (ui.ptr && !str_eq(ui, STR("hosted_page")))
		api_fail(a, 400, NULL, "ui_mode", "Invalid ui_mode: %.*s", STR_ARG(ui));
	api_bool(a, "allow_promotion_codes", &unused);
}

static void read_expiry(struct api *a, struct session *c)
{
	int64_t now = clock_wall_s();

	c->expires_at = now + DAY_S;
	api_int(a, "expires_at", now + HALF_HOUR_S - 60, now + DAY_S + 60, &c->expires_at);
}

static void session_create(struct api *a)
{
	struct session *c = arena_new(&a->s->arena, struct session);

	read_kind(a);
	read_customer(a, c);
	read_line_item(a, c);
	read_expiry(a, c);
	c->client_reference_id = api_keep(a, api_str(a, "client_reference_id"));
	c->success_url = api_keep(a, api_required(a, "success_url"));
	c->cancel_url = api_keep(a, api_str(a, "cancel_url"));
	c->metadata = api_metadata(a, "metadata", NULL);
	c->subscription_metadata = api_metadata(a, "subscription_data[metadata]", NULL);
	api_int(a, "subscription_data[trial_period_days]", 1, 730, &c->trial_days);
	check_urls(a, c);
	if (!api_ready(a))
		return;
	shelf_add(&a->s->sessions, &c->o, a->s->control.livemode);
	session_write(&a->w, NULL, a->s, c);
}

outcome_t sessions_post(struct task *t)
{
	return api_call(t, session_create);
}

static struct session *session_of_path(struct api *a)
{
	struct str id = http_req(a->t)->param[0];
	struct session *c = shelf_find(&a->s->sessions, id);

	if (c)
		session_age(a->s, c);
	else
		api_missing(a, "checkout.session", "id", id);
	return c;
}

static void session_show(struct api *a)
{
	struct session *c = session_of_path(a);

	if (c && api_ready(a))
		session_write(&a->w, NULL, a->s, c);
}

outcome_t session_get(struct task *t)
{
	return api_call(t, session_show);
}

static void session_close(struct api *a)
{
	struct session *c = session_of_path(a);

	if (!c || !api_ready(a))
		return;
	if (c->status != SESSION_OPEN) {
		api_fail(a, 400, NULL, NULL,
			"Only Checkout Sessions with a status in [\"open\"] can be "
			"expired. This Checkout Session has a status of \"%s\".",
			status_name(c->status));
		return;
	}
	c->status = SESSION_EXPIRED;
	event_of_session(a->s, "checkout.session.expired", c, a);
	session_write(&a->w, NULL, a->s, c);
}

outcome_t session_expire(struct task *t)
{
	return api_call(t, session_close);
}
