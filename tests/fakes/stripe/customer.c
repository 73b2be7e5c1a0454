#include "http/server.h"
#include "stripe.h"

void pairs_write(struct json_writer *w, const char *key, const struct pair *p)
{
	json_object(w, key);
	for (; p; p = p->next) {
		char name[PAIR_NAME_MAX + 1] = "";

		memcpy(name, p->name.ptr, p->name.len);
		json_put_str(w, name, p->value);
	}
	json_end(w);
}

void put_id(struct json_writer *w, const char *key, const struct object *o)
{
	json_put_z(w, key, o ? o->id : NULL);
}

void put_time(struct json_writer *w, const char *key, int64_t s)
{
	if (s)
		json_put_i64(w, key, s);
	else
		json_put_null(w, key);
}

void put_text(struct json_writer *w, const char *key, struct str s)
{
	if (s.ptr)
		json_put_str(w, key, s);
	else
		json_put_null(w, key);
}

void customer_write(struct json_writer *w, const char *key, const struct customer *c)
{
	json_object(w, key);
	json_put_z(w, "id", c->o.id);
	json_put_z(w, "object", "customer");
	if (c->deleted) {
		json_put_bool(w, "deleted", true);
		json_end(w);
		return;
	}
	json_put_i64(w, "created", c->o.created);
	put_text(w, "email", c->email);
	put_text(w, "name", c->name);
	put_text(w, "phone", c->phone);
	put_text(w, "description", c->description);
	json_put_bool(w, "livemode", c->o.livemode);
	pairs_write(w, "metadata", c->metadata);
	json_end(w);
}

struct customer *customer_add(struct stripe *s, struct str email)
{
	struct customer *c = arena_new(&s->arena, struct customer);

	shelf_add(&s->customers, &c->o, s->control.livemode);
	c->email = email;
	return c;
}

static void customer_create(struct api *a)
{
	struct str email = api_str(a, "email"), name = api_str(a, "name");
	struct str phone = api_str(a, "phone"), description = api_str(a, "description");
	struct pair *metadata = api_metadata(a, "metadata", NULL);
	struct customer *c;

	if (!api_ready(a))
		return;
	c = customer_add(a->s, api_keep(a, email));
	c->name = api_keep(a, name);
	c->phone = api_keep(a, phone);
	c->description = api_keep(a, description);
	c->metadata = metadata;
	customer_write(&a->w, NULL, c);
}

outcome_t customers_post(struct task *t)
{
	return api_call(t, customer_create);
}

static struct customer *customer_of_path(struct api *a)
{
	struct str id = http_req(a->t)->param[0];
	struct customer *c = shelf_find(&a->s->customers, id);

	if (!c)
		api_missing(a, "customer", "id", id);
	return c;
}

static void customer_show(struct api *a)
{
	struct customer *c = customer_of_path(a);

	if (c && api_ready(a))
		customer_write(&a->w, NULL, c);
}

outcome_t customer_get(struct task *t)
{
	return api_call(t, customer_show);
}

/* Deleting a customer ends its subscriptions too, and cannot be undone. */
static void customer_remove(struct api *a)
{
	struct customer *c = customer_of_path(a);

	if (!c || !api_ready(a))
		return;
	if (c->deleted) {
		api_missing(a, "customer", "id", str_of(c->o.id));
		return;
	}
	LIST_EACH (&a->s->subscriptions.newest, it) {
		struct subscription *u = container_of(it, struct subscription, o.link);

		if (u->customer == c && !u->ended_at)
			subscription_end(a->s, u, a);
	}
	event_of_customer(a->s, "customer.deleted", c, a);
	c->deleted = true;
	customer_write(&a->w, NULL, c);
}

outcome_t customer_delete(struct task *t)
{
	return api_call(t, customer_remove);
}

static bool customer_matches(struct api *a, const struct object *o, const void *ctx)
{
	const struct customer *c = container_of(o, const struct customer, o);
	const struct str *email = ctx;

	(void)a;
	return !c->deleted && (!email->ptr || str_eq(c->email, *email));
}

static void customer_write_one(struct api *a, struct object *o)
{
	customer_write(&a->w, NULL, container_of(o, struct customer, o));
}

static void customer_list(struct api *a)
{
	struct str email = api_str(a, "email");

	api_list(a, "/v1/customers", &a->s->customers, customer_matches, customer_write_one,
		&email);
}

outcome_t customers_get(struct task *t)
{
	return api_call(t, customer_list);
}
