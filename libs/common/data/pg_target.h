/*
 * pg_target - where DATABASE_URL leads: its hosts, and what else it says, taken apart
 * once.
 *
 * The environment's PGHOST and PGPORT stand in for what the URL leaves out, as with
 * libpq.
 */
#ifndef DATA_PG_TARGET_H
#define DATA_PG_TARGET_H

#include <libpq-fe.h>

#define PG_HOSTS_MAX 16

struct pg_host {
	char *name; /* host name, address, path of a socket's folder, or "" */
	char *addr; /* hostaddr, or "" */
	char *port; /* or "": the usual one */
};

struct pg_target {
	PQconninfoOption *options;
	char *app_name;
	struct pg_host hosts[PG_HOSTS_MAX];
	unsigned count;    /* 0: the URL is of no use */
	unsigned first;    /* of all addresses: where the next attempt begins */
	unsigned login_ms; /* how long the server may take; connect_timeout, if given */
};

struct pg_target *pg_target_new(const char *url, const char *app_name);
void pg_target_free(struct pg_target **t);
/* PQconnectStart with these comma-separated hosts in place of the URL's. */
PGconn *pg_target_connect(
	const struct pg_target *t, const char *hosts, const char *addrs, const char *ports);

#endif
