/*
 * pg_conn - one connection in pipeline mode, made again whenever it breaks.
 *
 *   DOWN -> DIALLING -> GREETING -> UP      a failure anywhere leads to DOWN, and after
 *     ^                             |       a pause of up to 2 s on to DIALLING again
 *     +-----------------------------+
 *
 * The greeting sets the session's time limits by a statement: start-up options would be
 * refused by most poolers. Calls in flight stand in a ring in the order they were sent;
 * answers come in the same order. A call that was given up keeps its place, its answer is
 * swallowed.
 *
 * Owned by the pool (pg.c), which is told of everything through pg_conn_owner.
 */
#ifndef DATA_PG_CONN_H
#define DATA_PG_CONN_H

#include <libpq-fe.h>

#include "data/pg.h"
#include "data/pg_dial.h"
#include "data/pg_prepared.h"

#define PG_FLIGHTS_MAX 64 /* per connection; a power of two. More wait in the pool */

/* Parameters as libpq takes them, with their bytes, in an arena. */
struct pg_packed {
	int n;
	const char **value;
	int *len;
};

/* pg_send with a copy in place of call->params. */
void pg_send_packed(struct pg *pg, struct pg_call *call, const struct pg_packed *packed);

struct pg_flight {
	struct pg_call *call;       /* NULL: nobody waits for the answer */
	const struct pg_stmt *stmt; /* NULL: the greeting */
	uint64_t sent_us;
	bool parsing; /* the answer to its Parse comes first */
};

struct pg_conn;
struct pg_conn_owner {
	void (*up)(struct pg_conn *c);
	void (*lost)(struct pg_conn *c, bool was_up, const char *why);
	/* The answer; rows NULL unless e is ERR_OK. */
	void (*answered)(struct pg_conn *c, const struct pg_flight *f, enum err e,
		const struct pg_rows *rows);
	/* Nothing was changed; it should be sent once more. */
	void (*again)(struct pg_conn *c, struct pg_call *call);
	/* There will be no answer. Told while the connection is taken apart: must only
	 * note it. */
	void (*unanswered)(struct pg_conn *c, struct pg_call *call, enum err e);
	void (*closed)(struct pg_conn *c);
};

enum pg_conn_state { PG_DOWN, PG_DIALLING, PG_GREETING, PG_UP, PG_CLOSED };

struct pg_conn {
	const struct pg_conn_owner *owner;
	void *pool; /* the owner's own */
	struct loop *loop;
	struct pg_target *target;
	unsigned statement_ms;

	enum pg_conn_state state;
	struct timer redial; /* DOWN: until the next attempt */
	unsigned pause_ms;   /* before the next attempt; doubles */
	struct pg_dial *dial;
	PGconn *pq;
	struct pg_watch *watch;

	struct pg_flight ring[PG_FLIGHTS_MAX];
	unsigned first, flights; /* the oldest in the ring; how many there are */
	unsigned load;           /* what they weigh */
	PGresult *outcome;       /* of the oldest, so far; its end is the Sync's answer */
	unsigned silent_ms;      /* an answer has been owed so long, and nothing came */

	unsigned unpushed; /* calls handed to libpq since the last push */
	bool corked;

	struct pg_prepared_set prepared;
};

/* The caller filled owner, pool, loop, target and statement_ms. Starts at once. */
void pg_conn_open(struct pg_conn *c);
bool pg_conn_has_room(const struct pg_conn *c);
/* Hands a call to libpq; it leaves at pg_conn_push. There must be room. */
void pg_conn_send(struct pg_conn *c, struct pg_call *call, uint64_t now_us);
void pg_conn_push(struct pg_conn *c);
/* So much time went by: starts over if the server has owed an answer for far too long. Time
 * in which this process stood still is not counted. */
void pg_conn_passed(struct pg_conn *c, unsigned ms);
/* What is in flight ends with ERR_CANCELED, writes with ERR_UNSURE; then
 * owner->closed. */
void pg_conn_close(struct pg_conn *c);

#endif
