#include "stripe_object.h"

#define ID_MAX 255

/* Letters, digits and underscores: fit for a path. */
static bool id_is_sound(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return id.len > 0 && id.len <= ID_MAX;
}

/* An id, or the whole object where it was expanded; ptr NULL if it is neither. */
static struct str id_of(const struct json *j)
{
	struct str id = json_text(j);

	if (!id.ptr)
		id = json_text(json_get(j, "id"));
	return id.ptr && id_is_sound(id) ? id : STR_NONE;
}

static int64_t seconds_of(const struct json *j)
{
	int64_t s;

	return json_i64(j, &s) && s > 0 ? s : 0;
}

static struct uuid user_of(const struct json *object)
{
	struct uuid id = { { 0 } };

	if (!json_uuid(json_get(object, "client_reference_id"), &id))
		(void)json_uuid(json_at(object, "metadata.user_id"), &id);
	return id;
}

/* ---- objects ---- */

/* Since 2025-03-31 each item has its own period. */
static int64_t period_end_of(const struct json *j)
{
	const struct json *items = json_at(j, "items.data");
	int64_t end = 0, one;

	for (const struct json *i = items ? items->first : NULL; i; i = i->next) {
		one = seconds_of(json_get(i, "current_period_end"));
		if (one && (!end || one < end))
			end = one;
	}
	return end ? end : seconds_of(json_get(j, "current_period_end"));
}

enum err stripe_subscription_read(const struct json *j, struct stripe_subscription *out)
{
	struct stripe_subscription s = {
		.id = id_of(json_get(j, "id")),
		.customer_id = id_of(json_get(j, "customer")),
		.status = json_text(json_get(j, "status")),
		.user_id = user_of(j),
		.period_end_s = period_end_of(j),
		.ends_then = json_is_true(json_get(j, "cancel_at_period_end")) ||
			     seconds_of(json_get(j, "cancel_at")) > 0,
		.livemode = json_is_true(json_get(j, "livemode")),
	};

	if (!s.id.ptr || !s.customer_id.ptr || s.status.len == 0 || s.status.len > 64)
		return ERR_INVALID;
	*out = s;
	return ERR_OK;
}

enum err stripe_session_read(const struct json *j, struct stripe_session *out)
{
	struct stripe_session s = {
		.id = id_of(json_get(j, "id")),
		.url = json_text(json_get(j, "url")),
		.status = json_text(json_get(j, "status")),
		.subscription_id = id_of(json_get(j, "subscription")),
		.user_id = user_of(j),
		.expires_at_s = seconds_of(json_get(j, "expires_at")),
	};

	if (!s.id.ptr || !s.status.len)
		return ERR_INVALID;
	*out = s;
	return ERR_OK;
}

/* Since 2025-03-31 it stands under parent. */
struct str stripe_invoice_subscription(const struct json *j)
{
	struct str id = id_of(json_at(j, "parent.subscription_details.subscription"));

	return id.ptr ? id : id_of(json_get(j, "subscription"));
}

bool stripe_status_is_known(struct str status)
{
	static const char *const known[] = { "active", "trialing", "past_due", "unpaid",
		"paused", "incomplete", "incomplete_expired", "canceled" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (str_eq(status, str_of(known[i])))
			return true;
	}
	return false;
}

/* ---- events ---- */

static const char *const action_names[] = { "none", "subscription", "session", "invoice",
	"session_expired", "customer_deleted" };
#define ACTIONS (sizeof action_names / sizeof *action_names)

const char *event_action_name(enum event_action a)
{
	return action_names[a];
}

bool event_action_parse(struct str name, enum event_action *out)
{
	for (size_t i = 0; i < ACTIONS; i++) {
		if (str_eq(name, str_of(action_names[i]))) {
			*out = (enum event_action)i;
			return true;
		}
	}
	return false;
}

/* A type that ends in '.' stands for all that begin so. */
static const struct {
	const char *type;
	enum event_action action;
} actions[] = {
	{ "checkout.session.completed", ACTION_SESSION },
	{ "checkout.session.async_payment_succeeded", ACTION_SESSION },
	{ "checkout.session.async_payment_failed", ACTION_SESSION },
	{ "checkout.session.expired", ACTION_SESSION_EXPIRED },
	{ "customer.subscription.", ACTION_SUBSCRIPTION },
	{ "invoice.paid", ACTION_INVOICE },
	{ "invoice.payment_succeeded", ACTION_INVOICE },
	{ "invoice.payment_failed", ACTION_INVOICE },
	{ "invoice.payment_action_required", ACTION_INVOICE },
	{ "customer.deleted", ACTION_CUSTOMER_DELETED },
};

static enum event_action action_of(struct str type)
{
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		struct str t = str_of(actions[i].type);

		if (str_ends(t, STR(".")) ? str_starts(type, t) : str_eq(type, t))
			return actions[i].action;
	}
	return ACTION_NONE;
}

/* What the snapshot says beyond the object's id. */
static void read_snapshot(const struct json *object, struct stripe_event *e)
{
	struct str mode = json_text(json_get(object, "mode"));

	e->object_id = id_of(json_get(object, "id"));
	e->customer_id = id_of(json_get(object, "customer"));
	switch (e->action) {
	case ACTION_SUBSCRIPTION:
		e->subscription_id = e->object_id;
		break;
	case ACTION_SESSION:
		e->subscription_id = id_of(json_get(object, "subscription"));
		e->user_id = user_of(object);
		if (mode.ptr && !str_eq(mode, STR("subscription")))
			e->action = ACTION_NONE; /* a payment of another kind */
		break;
	case ACTION_INVOICE:
		e->subscription_id = stripe_invoice_subscription(object);
		if (!e->subscription_id.ptr)
			e->action = ACTION_NONE; /* an invoice of another kind */
		break;
	case ACTION_CUSTOMER_DELETED:
		e->customer_id = e->object_id;
		break;
	case ACTION_NONE:
	case ACTION_SESSION_EXPIRED:
		break;
	}
}

/* A thin event names the object and says nothing of it. */
static void read_related(const struct json *related, struct stripe_event *e)
{
	e->object_id = id_of(json_get(related, "id"));
	if (e->action == ACTION_SUBSCRIPTION)
		e->subscription_id = e->object_id;
	if (e->action == ACTION_CUSTOMER_DELETED)
		e->customer_id = e->object_id;
}

enum err stripe_event_read(const struct json *j, struct stripe_event *out)
{
	struct str object = json_text(json_get(j, "object"));
	bool thin = str_eq(object, STR("v2.core.event"));
	const struct json *livemode = json_get(j, "livemode");
	struct stripe_event e = {
		.id = id_of(json_get(j, "id")),
		.type = json_text(json_get(j, "type")),
		.created_s = seconds_of(json_get(j, "created")),
		.has_livemode = livemode && livemode->kind == JSON_BOOL,
		.livemode = json_is_true(livemode),
	};

	if (thin && str_starts(e.type, STR("v1.")))
		e.type = str_from(e.type, 3);
	if (!e.id.ptr || !e.type.len || e.type.len > ID_MAX ||
		!(thin || (str_eq(object, STR("event")) && e.has_livemode)))
		return ERR_INVALID;
	e.action = action_of(e.type);
	e.for_operator = str_eq(e.type, STR("charge.dispute.created")) ||
			 str_eq(e.type, STR("charge.refunded"));
	if (thin)
		read_related(json_get(j, "related_object"), &e);
	else
		read_snapshot(json_at(j, "data.object"), &e);
	if (e.action != ACTION_NONE && !e.object_id.ptr)
		return ERR_INVALID;
	*out = e;
	return ERR_OK;
}
