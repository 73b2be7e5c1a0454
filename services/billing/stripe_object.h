/*
 * stripe_object - what we read out of Stripe's JSON: events, subscriptions, sessions.
 *
 * Events have the version of the endpoint they come through, not of our calls: old and new
 * places of a field are both looked at. Ids are checked: they become parts of URLs. Pure
 * functions; strings point into the JSON.
 */
#ifndef BILLING_STRIPE_OBJECT_H
#define BILLING_STRIPE_OBJECT_H

#include "json/read.h"

/* What an event asks for. */
enum event_action {
	ACTION_NONE,            /* stored, nothing more */
	ACTION_SUBSCRIPTION,    /* fetch the subscription */
	ACTION_SESSION,         /* fetch the subscription of a checkout session */
	ACTION_INVOICE,         /* fetch the subscription of an invoice */
	ACTION_SESSION_EXPIRED, /* forget the checkout */
	ACTION_CUSTOMER_DELETED,
};

struct stripe_event {
	struct str id, type; /* type as in snapshots: thin ones lose their "v1." */
	int64_t created_s;   /* 0: not known */
	bool has_livemode, livemode;
	bool for_operator; /* a person should look at it */
	enum event_action action;
	struct str object_id;       /* of the action's object; ptr NULL: none */
	struct str subscription_id; /* where the event names it; ptr NULL: to be fetched */
	struct str customer_id;
	struct uuid user_id; /* nil: not said */
};

struct stripe_subscription {
	struct str id, customer_id, status;
	struct uuid user_id;  /* of the metadata; nil: not said */
	int64_t period_end_s; /* the earliest of its items; 0: none */
	bool ends_then;       /* it will not be renewed */
	bool livemode;
};

struct stripe_session {
	struct str id, url, status, subscription_id;
	struct uuid user_id; /* nil: not said */
	int64_t expires_at_s;
};

/* ERR_INVALID: it is none. */
enum err stripe_event_read(const struct json *j, struct stripe_event *out);
enum err stripe_subscription_read(const struct json *j, struct stripe_subscription *out);
enum err stripe_session_read(const struct json *j, struct stripe_session *out);
/* The subscription that an invoice belongs to; ptr NULL: to none. */
struct str stripe_invoice_subscription(const struct json *j);

bool stripe_status_is_known(struct str status);
/* "subscription", ... as events.action stores it. */
const char *event_action_name(enum event_action a);
bool event_action_parse(struct str name, enum event_action *out);

#endif
