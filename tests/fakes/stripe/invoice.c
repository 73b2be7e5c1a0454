#include "http/server.h"
#include "stripe.h"

/* ---- prices: any id that looks like one is a monthly price ---- */

bool price_exists(struct str id)
{
	return str_starts(id, STR("price_")) && id.len > 6 && id.len < 64 &&
	       !str_eq(id, STR("price_missing"));
}

void price_write(
	struct json_writer *w, const char *key, const struct stripe *s, struct str id)
{
	json_object(w, key);
	json_put_str(w, "id", id);
	json_put_z(w, "object", "price");
	json_put_bool(w, "active", true);
	json_put_z(w, "billing_scheme", "per_unit");
	json_put_z(w, "currency", PRICE_CURRENCY);
	json_put_bool(w, "livemode", s->control.livemode);
	json_put_z(w, "product", "prod_castor");
	json_object(w, "recurring");
	json_put_z(w, "interval", "month");
	json_put_i64(w, "interval_count", 1);
	json_put_z(w, "usage_type", "licensed");
	json_end(w);
	json_put_z(w, "type", "recurring");
	json_put_i64(w, "unit_amount", PRICE_MINOR);
	json_end(w);
}

static void price_show(struct api *a)
{
	struct str id = http_req(a->t)->param[0];

	if (!price_exists(id))
		api_missing(a, "price", "id", id);
	else if (api_ready(a))
		price_write(&a->w, NULL, a->s, id);
}

outcome_t prices_get(struct task *t)
{
	return api_call(t, price_show);
}

/* ---- invoices ---- */

void invoice_add(struct stripe *s, struct subscription *u, bool paid)
{
	struct invoice *i = arena_new(&s->arena, struct invoice);

	shelf_add(&s->invoices, &i->o, s->control.livemode);
	i->subscription = u;
	i->paid = paid;
	u->invoice = i;
}

/* Since 2025-03-31 the subscription stands under parent. */
void invoice_write(struct json_writer *w, const char *key, const struct invoice *i)
{
	const struct subscription *u = i->subscription;
	int64_t amount = PRICE_MINOR * u->quantity;

	json_object(w, key);
	json_put_z(w, "id", i->o.id);
	json_put_z(w, "object", "invoice");
	json_put_i64(w, "amount_due", amount);
	json_put_i64(w, "amount_paid", i->paid ? amount : 0);
	json_put_i64(w, "created", i->o.created);
	json_put_z(w, "currency", PRICE_CURRENCY);
	put_id(w, "customer", &u->customer->o);
	json_put_bool(w, "livemode", i->o.livemode);
	json_object(w, "parent");
	json_put_z(w, "type", "subscription_details");
	json_object(w, "subscription_details");
	pairs_write(w, "metadata", u->metadata);
	put_id(w, "subscription", &u->o);
	json_end(w);
	json_end(w);
	json_put_z(w, "status", i->paid ? "paid" : "open");
	json_end(w);
}

static void invoice_show(struct api *a)
{
	struct str id = http_req(a->t)->param[0];
	struct invoice *i = shelf_find(&a->s->invoices, id);

	if (!i)
		api_missing(a, "invoice", "id", id);
	else if (api_ready(a))
		invoice_write(&a->w, NULL, i);
}

outcome_t invoice_get(struct task *t)
{
	return api_call(t, invoice_show);
}
