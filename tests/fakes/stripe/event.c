#include <stdio.h>

#include "base/clock.h"
#include "http/server.h"
#include "stripe.h"

/* ---- events come to be ---- */

/* What the thin form says of the object. */
struct about {
	struct object *object;
	const char *kind, *path;
};

static struct json_writer snapshot_begin(struct stripe *s)
{
	buf_clear(&s->snapshot);
	return json_writer(&s->snapshot);
}

/* The object's JSON is in s->snapshot. */
static void event_add(
	struct stripe *s, const char *type, struct about about, const struct api *cause)
{
	struct event *e = arena_new(&s->arena, struct event);

	shelf_add(&s->events, &e->o, s->control.livemode);
	e->type = type;
	e->about = about.object;
	e->about_kind = about.kind;
	e->about_path = about.path;
	e->snapshot = arena_dup(&s->arena, buf_str(&s->snapshot));
	if (cause) {
		e->request_id = arena_dup(&s->arena, str_of(cause->request_id));
		e->key = arena_dup(&s->arena, cause->key);
	}
	courier_add(s, e);
}

void event_of_session(
	struct stripe *s, const char *type, struct session *c, const struct api *cause)
{
	struct json_writer w = snapshot_begin(s);

	session_write(&w, NULL, s, c);
	event_add(s, type,
		(struct about){ &c->o, "checkout.session", "/v1/checkout/sessions/" },
		cause);
}

void event_of_subscription(
	struct stripe *s, const char *type, struct subscription *u, const struct api *cause)
{
	struct json_writer w = snapshot_begin(s);

	subscription_write(&w, NULL, s, u);
	event_add(s, type, (struct about){ &u->o, "subscription", "/v1/subscriptions/" },
		cause);
}

void event_of_invoice(struct stripe *s, const char *type, struct invoice *i)
{
	struct json_writer w = snapshot_begin(s);

	invoice_write(&w, NULL, i);
	event_add(s, type, (struct about){ &i->o, "invoice", "/v1/invoices/" }, NULL);
}

void event_of_customer(
	struct stripe *s, const char *type, struct customer *c, const struct api *cause)
{
	struct json_writer w = snapshot_begin(s);

	customer_write(&w, NULL, c);
	event_add(s, type, (struct about){ &c->o, "customer", "/v1/customers/" }, cause);
}

/* ---- JSON ---- */

void event_write(struct json_writer *w, const char *key, const struct event *e)
{
	json_object(w, key);
	json_put_z(w, "id", e->o.id);
	json_put_z(w, "object", "event");
	json_put_z(w, "api_version", API_VERSION);
	json_put_i64(w, "created", e->o.created);
	json_object(w, "data");
	json_put_raw(w, "object", e->snapshot);
	json_end(w);
	json_put_bool(w, "livemode", e->o.livemode);
	json_put_i64(w, "pending_webhooks", e->delivered ? 0 : 1);
	json_object(w, "request");
	put_text(w, "id", e->request_id.len ? e->request_id : STR_NONE);
	put_text(w, "idempotency_key", e->key.len ? e->key : STR_NONE);
	json_end(w);
	json_put_z(w, "type", e->type);
	json_end(w);
}

void event_write_thin(struct json_writer *w, const struct event *e)
{
	char type[128], url[128];

	snprintf(type, sizeof type, "v1.%s", e->type);
	snprintf(url, sizeof url, "%s%s", e->about_path, e->about->id);
	json_object(w, NULL);
	json_put_z(w, "id", e->o.id);
	json_put_z(w, "object", "v2.core.event");
	json_put_time(w, "created", e->o.created * 1000000);
	json_put_bool(w, "livemode", e->o.livemode);
	json_object(w, "related_object");
	json_put_z(w, "id", e->about->id);
	json_put_z(w, "type", e->about_kind);
	json_put_z(w, "url", url);
	json_end(w);
	json_put_z(w, "type", type);
	json_end(w);
}

/* ---- GET /v1/events ---- */

static void event_show(struct api *a)
{
	struct str id = http_req(a->t)->param[0];
	struct event *e = shelf_find(&a->s->events, id);

	if (!e)
		api_missing(a, "event", "id", id);
	else if (api_ready(a))
		event_write(&a->w, NULL, e);
}

outcome_t event_get(struct task *t)
{
	return api_call(t, event_show);
}

struct wanted {
	struct str type;                  /* ptr NULL: any */
	struct str types[20];             /* types[]=... */
	size_t types_count;               /* 0: any */
	int64_t created_from, created_to; /* both included */
	bool by_delivery, delivered;
};

/* "customer.*" takes all that begin so. */
static bool type_matches(struct str pattern, struct str type)
{
	if (str_ends(pattern, STR("*")))
		return str_starts(type, str_span(pattern.ptr, pattern.len - 1));
	return str_eq(pattern, type);
}

static bool event_matches(struct api *a, const struct object *o, const void *ctx)
{
	const struct event *e = container_of(o, const struct event, o);
	const struct wanted *want = ctx;
	struct str type = str_of(e->type);
	bool listed = want->types_count == 0;

	(void)a;
	for (size_t i = 0; i < want->types_count; i++)
		listed = listed || type_matches(want->types[i], type);
	return listed && (!want->type.ptr || type_matches(want->type, type)) &&
	       o->created >= want->created_from && o->created <= want->created_to &&
	       (!want->by_delivery || e->delivered == want->delivered);
}

static void read_created(struct api *a, struct wanted *want)
{
	int64_t s;

	if (api_int(a, "created", 0, INT64_MAX, &s))
		want->created_from = want->created_to = s;
	if (api_int(a, "created[gte]", 0, INT64_MAX - 1, &s))
		want->created_from = s;
	if (api_int(a, "created[gt]", 0, INT64_MAX - 1, &s))
		want->created_from = s + 1;
	if (api_int(a, "created[lte]", 0, INT64_MAX, &s))
		want->created_to = s;
	if (api_int(a, "created[lt]", 0, INT64_MAX, &s))
		want->created_to = s - 1;
}

static void read_types(struct api *a, struct wanted *want)
{
	struct form_pair *p;
	struct str segment;
	size_t at = 0;

	want->type = api_str(a, "type");
	while ((p = form_next(&a->form, STR("types"), &at, &segment))) {
		if (want->types_count == sizeof want->types / sizeof *want->types) {
			api_fail(a, 400, NULL, "types", "Too many types.");
			return;
		}
		want->types[want->types_count++] = p->value;
	}
}

static void event_write_one(struct api *a, struct object *o)
{
	event_write(&a->w, NULL, container_of(o, struct event, o));
}

static void event_list(struct api *a)
{
	struct wanted want = { .created_to = INT64_MAX };

	read_types(a, &want);
	read_created(a, &want);
	want.by_delivery = api_bool(a, "delivery_success", &want.delivered);
	api_list(a, "/v1/events", &a->s->events, event_matches, event_write_one, &want);
}

outcome_t events_get(struct task *t)
{
	return api_call(t, event_list);
}
