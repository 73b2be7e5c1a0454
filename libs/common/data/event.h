/*
 * event - a bus message as text: the CloudEvents 1.0 envelope that messages.h shows.
 */
#ifndef DATA_EVENT_H
#define DATA_EVENT_H

#include "data/bus.h"
#include "data/redis.h"

struct envelope {
	struct uuid id;
	struct str source; /* the service that sends it */
	struct str type, subject;
	int64_t seq; /* 0: left out */
	int64_t time_us;
	struct str traceparent; /* empty: left out */
	struct str data;        /* JSON */
};

void event_encode(const struct envelope *e, struct buf *out);

/*
 * The event's strings and data are in the arena. ERR_INVALID: it is no envelope. An unknown
 * type has kind NULL (a later version may have sent it); data that does not fit its kind
 * leaves data NULL.
 */
enum err event_decode(struct arena *a, struct str text, struct event *out);

/* "castor:<env>:<type>" into out, which is emptied. */
void event_channel(struct app *app, struct str type, struct buf *out);

/* PUBLISH on its type's channel. */
void event_publish(
	struct app *app, const struct envelope *e, redis_done_fn *done, void *ctx);

#endif
