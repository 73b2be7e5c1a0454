/*
 * pg_dial - one attempt to reach the database: names looked up off the loop, a server
 * found that takes us, logged in.
 *
 * libpq is given addresses beside the host names, so that it never waits for a resolver
 * itself. All hosts of the URL go to it in one list, in order, so that
 * target_session_attrs works as it has it. An address that stays silent goes to the end
 * of the list for the next attempt.
 *
 * Use:   pg_dial_start; `done` is called once, from the loop, with the connection (the
 *        callee's from then on) or NULL and why not. pg_dial_cancel before that.
 */
#ifndef DATA_PG_DIAL_H
#define DATA_PG_DIAL_H

#include <libpq-fe.h>

#include "app/loop.h"
#include "data/pg_target.h"

struct pg_dial;
typedef void pg_dialled_fn(void *ctx, PGconn *pq, const char *why);
struct pg_dial *pg_dial_start(
	struct loop *loop, struct pg_target *target, pg_dialled_fn *done, void *ctx);
/* The memory, and what it borrowed of the loop, goes a little later by itself. */
void pg_dial_cancel(struct pg_dial **d);

/*
 * pg_watch - waits on a socket that is libpq's: libpq may close it any time, and the next
 * one may have the same number, so a watch is made anew rather than moved.
 */
struct pg_watch;
typedef void pg_ready_fn(void *ctx, int events);
struct pg_watch *pg_watch_open(struct loop *loop, int fd, pg_ready_fn *ready, void *ctx);
void pg_watch_for(struct pg_watch *w, int events); /* UV_READABLE, UV_WRITABLE */
void pg_watch_close(struct pg_watch **w);          /* before libpq may close the socket */

#endif
