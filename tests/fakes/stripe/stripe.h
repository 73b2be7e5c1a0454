/*
 * stripe - a simulator of Stripe: customers, Checkout for subscriptions, the billing
 * portal, events and signed webhooks, and the two pages that a customer sees.
 *
 * State is in memory, in one arena, until the process ends or POST /__reset.
 *
 *   api.c      what every call of /v1 passes: key, version, parameters, idempotency, errors
 *   shelf.c    objects by id and by age; lists with cursors
 *   <noun>.c   one kind of object: its JSON and its calls
 *   courier.c  webhooks: signed, sent, tried again
 *   pages.c    /pay/{session} and /portal/{session}
 *   control.c  what tests turn: /__control and friends
 */
#ifndef FAKES_STRIPE_H
#define FAKES_STRIPE_H

#include "api.h"
#include "app/app.h"
#include "base/map.h"
#include "http/outbound.h"
#include "shelf.h"

#define PAIR_NAME_MAX 40

struct pair {
	struct str name, value;
	struct pair *next;
};

struct customer {
	struct object o;
	struct str email, name, phone, description;
	struct pair *metadata;
	bool deleted;
};

enum session_status { SESSION_OPEN, SESSION_COMPLETE, SESSION_EXPIRED };

struct session {
	struct object o;
	enum session_status status;
	struct customer *customer; /* NULL: made when it is paid */
	struct subscription *subscription;
	struct str price, customer_email, client_reference_id, success_url, cancel_url;
	int64_t quantity, trial_days, expires_at;
	struct pair *metadata, *subscription_metadata;
};

struct subscription {
	struct object o;
	struct customer *customer;
	struct str status, price;
	int64_t quantity;
	struct pair *metadata;
	bool cancel_at_period_end;
	int64_t period_start, period_end;
	int64_t canceled_at, ended_at; /* 0: not */
	struct invoice *invoice;       /* the latest */
	char item_id[OBJECT_ID_SIZE];
};

struct invoice {
	struct object o;
	struct subscription *subscription;
	bool paid;
};

struct portal {
	struct object o;
	struct customer *customer;
	struct str return_url;
};

struct event {
	struct object o;
	const char *type;
	struct object *about;
	const char *about_path; /* "/v1/subscriptions/" */
	const char *about_kind; /* "subscription" */
	struct str snapshot;    /* data.object at the time */
	struct str request_id,
		key; /* of the call that caused it; empty: a page or a test */
	bool delivered;
};

enum webhooks { WEBHOOKS_ON, WEBHOOKS_OFF, WEBHOOKS_DUPLICATE, WEBHOOKS_REVERSE };

/* What tests turn, by POST /__control. */
struct control {
	enum webhooks webhooks;
	bool thin;           /* webhooks without snapshots */
	bool livemode;       /* of objects and events */
	int64_t fail_status; /* every call of /v1 is answered so; 0: no */
	int64_t fail_times;  /* and so often; 0: until changed */
	bool fail_stored;    /* and again to the same idempotency key, for ever */
	int64_t delay_ms;    /* before every answer of /v1 */
};

struct courier {
	struct app *app;
	struct list waiting; /* struct delivery.link, in the order they were added */
	struct timer wake;
	bool busy;  /* a delivery is being sent */
	bool quiet; /* draining: nothing more is begun */
};

struct stripe {
	/* settings */
	const char *public_url, *webhook_url, *webhook_secret, *secret_key;
	struct arena arena;
	struct shelf customers, sessions, subscriptions, invoices, portals, events;
	struct map replays; /* struct replay.node, by idempotency key */
	struct control control;
	struct courier courier;
	struct outbound *outbound;
	struct buf scratch;   /* an answer is put together here */
	struct buf snapshot;  /* and the object of an event here */
	int64_t calls;        /* of /v1 */
	int64_t calls_failed; /* answered as control says */
};

#define PRICE_MINOR    999
#define PRICE_CURRENCY "usd"
#define API_VERSION    "2026-08-26.dahlia"

void stripe_init(struct stripe *s);
void stripe_fini(struct stripe *s);

/* ---- JSON of each kind ---- */
void pairs_write(struct json_writer *w, const char *key, const struct pair *p);
void customer_write(struct json_writer *w, const char *key, const struct customer *c);
void session_write(
	struct json_writer *w, const char *key, const struct stripe *s, struct session *c);
void subscription_write(struct json_writer *w, const char *key, const struct stripe *s,
	const struct subscription *u);
void invoice_write(struct json_writer *w, const char *key, const struct invoice *i);
void price_write(
	struct json_writer *w, const char *key, const struct stripe *s, struct str id);
void event_write(struct json_writer *w, const char *key, const struct event *e);
void event_write_thin(struct json_writer *w, const struct event *e);
void put_text(struct json_writer *w, const char *key, struct str s); /* ptr NULL: null */
void put_id(
	struct json_writer *w, const char *key, const struct object *o); /* NULL: null */
void put_time(struct json_writer *w, const char *key, int64_t s);        /* 0: null */

/* ---- what happens ---- */
bool price_exists(struct str id);
bool url_is_sound(struct str url); /* http or https, and fit for a header */
struct customer *customer_add(struct stripe *s, struct str email);
/* Pays an open session: subscription, invoice and their events. */
void session_pay(struct stripe *s, struct session *c);
/* An open session whose time is over becomes expired. */
void session_age(struct stripe *s, struct session *c);
struct subscription *subscription_add(struct stripe *s, struct session *c);
void subscription_end(struct stripe *s, struct subscription *u, const struct api *cause);
void invoice_add(struct stripe *s, struct subscription *u, bool paid);

/* Events: a snapshot of the object as it is now, queued for the webhook. cause may be NULL.
 */
void event_of_session(
	struct stripe *s, const char *type, struct session *c, const struct api *cause);
void event_of_subscription(struct stripe *s, const char *type, struct subscription *u,
	const struct api *cause);
void event_of_invoice(struct stripe *s, const char *type, struct invoice *i);
void event_of_customer(
	struct stripe *s, const char *type, struct customer *c, const struct api *cause);

/* courier.c */
void courier_open(struct app *app);
void courier_close(struct stripe *s);
void courier_add(struct stripe *s, struct event *e);
/* Deliveries that wait or are under way. */
int64_t courier_left(const struct stripe *s);
/* The call that delivers e now, in the arena; its body and headers too. */
struct outbound_call *courier_call(
	struct stripe *s, struct arena *a, const struct event *e);
/* Forgets what waits. */
void courier_clear(struct stripe *s);

/* ---- routes ---- */
outcome_t customers_post(struct task *t), customers_get(struct task *t),
	customer_get(struct task *t), customer_delete(struct task *t);
outcome_t sessions_post(struct task *t), session_get(struct task *t),
	session_expire(struct task *t);
outcome_t subscriptions_get(struct task *t), subscription_get(struct task *t),
	subscription_post(struct task *t), subscription_delete(struct task *t);
outcome_t portals_post(struct task *t), prices_get(struct task *t),
	invoice_get(struct task *t);
outcome_t events_get(struct task *t), event_get(struct task *t);
outcome_t pay_page(struct task *t), pay_post(struct task *t), portal_page(struct task *t),
	portal_cancel(struct task *t);
outcome_t control_get(struct task *t), control_post(struct task *t),
	reset_post(struct task *t), event_resend(struct task *t),
	subscription_force(struct task *t);

#endif
