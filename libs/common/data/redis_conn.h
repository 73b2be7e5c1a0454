/*
 * redis_conn - one connection to Redis: found, greeted, watched, and made again when it
 * breaks.
 *
 * What commands (redis.c), subscriptions (pubsub.c) and the blocking reader (jobq.c) share.
 * hiredis parses what comes; its own connections are not used: they resolve names while the
 * loop waits, and 0.14 has no TLS.
 *
 *   DOWN -> FINDING -> DIALLING -> GREETING -> UP      a failure anywhere leads to DOWN,
 * and ^                                        |       after a pause of 50 ms to 1 s on to
 *     +----------------------------------------+       FINDING again
 *
 * Greeting is AUTH, SELECT, CLIENT SETNAME. An attempt has 1 s in all. While UP, silence
 * for `patience_ms` with an answer owed counts as a broken link; without one a PING asks.
 *
 * Use:   redis_conn_open; redis_conn_send; redis_conn_close(cb), after which nothing is
 * called. Owns:  its socket and the commands in hand; each is told its end exactly once,
 * from the loop.
 */
#ifndef DATA_REDIS_CONN_H
#define DATA_REDIS_CONN_H

#include "data/redis.h"

struct redis_conn;

struct redis_conn_options {
	struct loop *loop;
	const char *url; /* a good one: redis_url_problem is NULL */
	const char *client_name;
	unsigned patience_ms;    /* 0: redis_patience_ms */
	void (*up)(void *ctx);   /* greeted; may be NULL */
	void (*down)(void *ctx); /* it was up; may be NULL */
	/* Not NULL: whatever comes after the greeting comes here (subscriptions). */
	void (*push)(void *ctx, const struct redis_value *v);
	void *ctx;
};

struct redis_conn *redis_conn_open(const struct redis_conn_options *o);
bool redis_conn_is_up(const struct redis_conn *c);
bool redis_conn_is_lost(const struct redis_conn *c); /* an attempt failed; not up since */
/*
 * One command: the words of `cmd`, then `tail_args` more that redis_put_args has made ready
 * (may be 0). done is called from the loop, never in here, with ERR_OK or an error answer
 * and v; or v NULL and ERR_UNAVAILABLE (was not sent), ERR_UNSURE (was sent), ERR_BUSY (too
 * many wait).
 */
void redis_conn_send(struct redis_conn *c, const struct redis_cmd *cmd, int tail_args,
	struct str tail, redis_done_fn *done, void *ctx);
/* The link is of no more use (a wrong answer): starts over. */
void redis_conn_drop(struct redis_conn *c, const char *why);
void redis_conn_close(struct redis_conn **c, void (*cb)(void *ctx), void *ctx);

/* How long an answer may be owed in silence: 3000. Tests shorten it before they open. */
extern unsigned redis_patience_ms;

#endif
