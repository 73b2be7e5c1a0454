/*
 * pg_prepared - which statements one connection's session knows, and under which names.
 */
#ifndef DATA_PG_PREPARED_H
#define DATA_PG_PREPARED_H

#include "data/pg.h"

struct pg_prepared {
	const struct pg_stmt *stmt;
	char *name;        /* NULL: the statement's own */
	unsigned renewals; /* how often another name was needed */
	bool ready;        /* Parse was sent, and not refused so far */
};

/* Zero-initialised is empty. */
struct pg_prepared_set {
	struct pg_prepared *all;
	unsigned count, cap;
};

/* Its entry, made when missing; good until the next find. */
struct pg_prepared *pg_prepared_find(struct pg_prepared_set *s, const struct pg_stmt *stmt);
const char *pg_prepared_name(const struct pg_prepared *p);
/* To be prepared anew, under another name: the server may keep the old one until the
 * connection ends. */
void pg_prepared_renew(struct pg_prepared *p);
void pg_prepared_clear(struct pg_prepared_set *s);

#endif
