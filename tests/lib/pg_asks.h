/*
 * pg_asks - statements sent over a pool in a test, and what became of each.
 *
 * One server, one loop, one pool at a time: pg_asks_begin starts what is missing,
 * pg_asks_open opens the pool, pg_asks_end closes it. There is a table notes (n int8),
 * empty at each begin.
 */
#ifndef TESTS_LIB_PG_ASKS_H
#define TESTS_LIB_PG_ASKS_H

#include "data/pg.h"
#include "tests/lib/pg_server.h"
#include "tests/lib/turns.h"

extern struct pg_server *server;
extern struct loop loop;
extern struct pg *pg;

struct ask {
	struct pg_call call;
	struct pg_params params;
	int ended;
	enum err e;
	int rows;
	int64_t number; /* first column of the first row, if that is a number */
};

/* Each takes one number. */
extern const struct pg_stmt echo;      /* gives it back */
extern const struct pg_stmt nap;       /* takes so many ms */
extern const struct pg_stmt note;      /* stores it, gives it back */
extern const struct pg_stmt nap_write; /* takes so many ms, then stores it */

void pg_asks_begin(void);
void pg_asks_open(const char *url, unsigned connections);
void pg_asks_wait_up(void);
void pg_asks_end(void);

void ask_send(struct ask *a, const struct pg_stmt *stmt); /* with params as they are */
void ask_number(struct ask *a, const struct pg_stmt *stmt, int64_t n);
struct ask asked(const struct pg_stmt *stmt, int64_t n); /* to its end */

#endif
