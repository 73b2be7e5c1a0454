/*
 * bus - facts between services: an outbox at the sender, pub/sub as the doorbell, an inbox
 * at the receiver. Nothing is lost when a doorbell is: the receiver asks for a replay when
 * it connects and whenever a seq is missing, and the sender says every few seconds how far
 * it has come.
 *
 * Sender: its SQL calls <schema>.outbox_add(type, subject, data jsonb) inside the
 * transaction that makes the fact true (shared migration, sql/0001_outbox.sql); after the
 * commit outbox_kick. The relay publishes rows above the recorded high-water mark, in
 * order, at the kick, every second, at start, and again from `after` when asked. Several
 * copies may publish the same row. Rows are kept for 30 days.
 *
 * Receiver: inbox_open with a handler per kind. Events of one source are applied one at a
 * time and in order of seq; applied ones are skipped, kinds without a handler too. Durable
 * receivers keep their place in <schema>.inbox_cursor (each copy of a service applies every
 * event, so effects must be idempotent); the others (the gateway) start where the source
 * stood `lookback_s` ago. An event whose handler fails is tried again, with back-off.
 *
 * Uses the app's pg (but for inboxes that are not durable), redis and pubsub. Loop thread
 * only.
 */
#ifndef DATA_BUS_H
#define DATA_BUS_H

#include "app/app.h"
#include "messages.h"

struct event {
	const struct message_kind *kind;
	struct uuid id;
	int64_t seq; /* in the sender's outbox; 0 for facts without a log */
	int64_t time_us;
	struct str subject;
	struct str traceparent;
	const void *data; /* the kind's struct */
};

/* Publishes a fact that has no log behind it (a pure doorbell). Fire and forget. */
void bus_ring(struct app *app, const struct message_kind *kind, struct str subject,
	const void *msg);

/* Hears doorbells of a kind that has no log; what is rung while Redis is away is missed. ev
 * and all in it are good until fn returns; ev->data is never NULL. For as long as the
 * process lives. */
void bus_listen(struct app *app, const struct message_kind *kind,
	void (*fn)(void *ctx, const struct event *ev), void *ctx);

/* ---- sender ---- */
struct outbox;
struct outbox *outbox_open(struct app *app, const struct message_kind *replay);
void outbox_kick(struct outbox *o); /* after the commit */
/* Before the app's redis and pubsub are closed; what is under way ends by itself. */
void outbox_close(struct outbox **o);

/* ---- receiver ---- */
struct inbox;
struct inbox_handler {
	const struct message_kind *kind;
	/* Applies it, in any number of steps; ends in `return inbox_applied(t)` (moves the
	 * place on) or `return inbox_failed(t, e)` (is tried again). ev is good until then.
	 */
	outcome_t (*apply)(struct task *t, const struct event *ev);
};
struct inbox_options {
	struct app *app;
	const char *source;                   /* "billing" */
	const struct message_kind *replay;    /* how to ask for what was missed */
	const struct inbox_handler *handlers; /* ends with a NULL kind */
	bool durable;                         /* keep the place in the database */
	int64_t lookback_s;                   /* not durable: how far back matters */
};
struct inbox *inbox_open(const struct inbox_options *o);
outcome_t inbox_applied(struct task *t) MUST_USE;
outcome_t inbox_failed(struct task *t, enum err e) MUST_USE;
bool inbox_is_current(
	const struct inbox *i);     /* caught up at least once since the last connect */
void inbox_close(struct inbox **i); /* as outbox_close */

#endif
