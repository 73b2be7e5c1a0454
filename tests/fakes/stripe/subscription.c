#include <stdio.h>

#include "base/clock.h"
#include "http/server.h"
#include "stripe.h"

#define MONTH_S (30 * 86400)

/* Since 2025-03-31 the period stands in the items alone. */
static void write_item(
	struct json_writer *w, const struct stripe *s, const struct subscription *u)
{
	char url[128];

	snprintf(url, sizeof url, "/v1/subscription_items?subscription=%s", u->o.id);
	json_object(w, "items");
	json_put_z(w, "object", "list");
	json_array(w, "data");
	json_object(w, NULL);
	json_put_z(w, "id", u->item_id);
	json_put_z(w, "object", "subscription_item");
	json_put_i64(w, "created", u->o.created);
	json_put_i64(w, "current_period_end", u->period_end);
	json_put_i64(w, "current_period_start", u->period_start);
	price_write(w, "price", s, u->price);
	json_put_i64(w, "quantity", u->quantity);
	json_put_z(w, "subscription", u->o.id);
	json_end(w);
	json_end(w);
	json_put_bool(w, "has_more", false);
	json_put_z(w, "url", url);
	json_end(w);
}

void subscription_write(struct json_writer *w, const char *key, const struct stripe *s,
	const struct subscription *u)
{
	json_object(w, key);
	json_put_z(w, "id", u->o.id);
	json_put_z(w, "object", "subscription");
	json_object(w, "billing_mode");
	json_put_z(w, "type", "flexible");
	json_end(w);
	put_time(w, "cancel_at", u->cancel_at_period_end ? u->period_end : 0);
	json_put_bool(w, "cancel_at_period_end", u->cancel_at_period_end);
	put_time(w, "canceled_at", u->canceled_at);
	json_put_z(w, "collection_method", "charge_automatically");
	json_put_i64(w, "created", u->o.created);
	json_put_z(w, "currency", PRICE_CURRENCY);
	put_id(w, "customer", &u->customer->o);
	put_time(w, "ended_at", u->ended_at);
	write_item(w, s, u);
	put_id(w, "latest_invoice", u->invoice ? &u->invoice->o : NULL);
	json_put_bool(w, "livemode", u->o.livemode);
	pairs_write(w, "metadata", u->metadata);
	json_put_i64(w, "start_date", u->o.created);
	json_put_str(w, "status", u->status);
	json_end(w);
}

struct subscription *subscription_add(struct stripe *s, struct session *c)
{
	struct subscription *u = arena_new(&s->arena, struct subscription);

	shelf_add(&s->subscriptions, &u->o, s->control.livemode);
	object_id(u->item_id, "si_");
	u->customer = c->customer;
	u->status = c->trial_days ? STR("trialing") : STR("active");
	u->price = c->price;
	u->quantity = c->quantity;
	u->metadata = c->subscription_metadata;
	u->period_start = u->o.created;
	u->period_end = u->period_start + (c->trial_days ? c->trial_days * 86400 : MONTH_S);
	invoice_add(s, u, true);
	return u;
}

void subscription_end(struct stripe *s, struct subscription *u, const struct api *cause)
{
	int64_t now = clock_wall_s();

	u->status = STR("canceled");
	u->ended_at = now;
	if (!u->canceled_at)
		u->canceled_at = now;
	event_of_subscription(s, "customer.subscription.deleted", u, cause);
}

static struct subscription *subscription_of_path(struct api *a)
{
	struct str id = http_req(a->t)->param[0];
	struct subscription *u = shelf_find(&a->s->subscriptions, id);

	if (!u)
		api_missing(a, "subscription", "id", id);
	return u;
}

static void subscription_show(struct api *a)
{
	struct subscription *u = subscription_of_path(a);

	if (u && api_ready(a))
		subscription_write(&a->w, NULL, a->s, u);
}

outcome_t subscription_get(struct task *t)
{
	return api_call(t, subscription_show);
}

/* One that has ended can be looked at, but not changed any more. */
static struct subscription *live_of_path(struct api *a)
{
	struct subscription *u = subscription_of_path(a);

	if (u && u->ended_at) {
		api_missing(a, "subscription", "id", str_of(u->o.id));
		return NULL;
	}
	return u;
}

static void subscription_update(struct api *a)
{
	struct subscription *u = live_of_path(a);
	bool cancel;
	struct pair *metadata;

	if (!u)
		return;
	cancel = u->cancel_at_period_end;
	api_bool(a, "cancel_at_period_end", &cancel);
	metadata = api_metadata(a, "metadata", u->metadata);
	if (!api_ready(a))
		return;
	if (cancel != u->cancel_at_period_end)
		u->canceled_at = cancel ? clock_wall_s() : 0;
	u->cancel_at_period_end = cancel;
	u->metadata = metadata;
	event_of_subscription(a->s, "customer.subscription.updated", u, a);
	subscription_write(&a->w, NULL, a->s, u);
}

outcome_t subscription_post(struct task *t)
{
	return api_call(t, subscription_update);
}

static void subscription_cancel(struct api *a)
{
	struct subscription *u = live_of_path(a);

	if (!u || !api_ready(a))
		return;
	subscription_end(a->s, u, a);
	subscription_write(&a->w, NULL, a->s, u);
}

outcome_t subscription_delete(struct task *t)
{
	return api_call(t, subscription_cancel);
}

struct wanted {
	struct str customer, status;
};

/* Without a status, all that have not been canceled. */
static bool subscription_matches(struct api *a, const struct object *o, const void *ctx)
{
	const struct subscription *u = container_of(o, const struct subscription, o);
	const struct wanted *want = ctx;

	(void)a;
	if (want->customer.ptr && !str_eq(want->customer, str_of(u->customer->o.id)))
		return false;
	if (!want->status.ptr)
		return !str_eq(u->status, STR("canceled"));
	return str_eq(want->status, STR("all")) || str_eq(want->status, u->status);
}

static void subscription_write_one(struct api *a, struct object *o)
{
	subscription_write(&a->w, NULL, a->s, container_of(o, struct subscription, o));
}

static void subscription_list(struct api *a)
{
	struct wanted want = { api_str(a, "customer"), api_str(a, "status") };

	api_list(a, "/v1/subscriptions", &a->s->subscriptions, subscription_matches,
		subscription_write_one, &want);
}

outcome_t subscriptions_get(struct task *t)
{
	return api_call(t, subscription_list);
}
