/*
 * pg_server - a Postgres of the test's own: a free port and a Unix socket, nothing synced
 * to disk, one database "castor", and any role may log in without a password. As root it
 * runs as the user postgres.
 *
 * Use:  pg_server_start; connect to its URLs; pg_server_stop. What cannot be done ends the
 * process. What is still running when the test ends is stopped and removed, also when a
 * signal ends it. The empty cluster is made once and copied from $TMPDIR afterwards.
 */
#ifndef TESTS_LIB_PG_SERVER_H
#define TESTS_LIB_PG_SERVER_H

struct pg_server;

struct pg_server *pg_server_start(void);
void pg_server_stop(struct pg_server **s);

/* "postgresql://role@127.0.0.1:port/castor", or by its socket; good until the server
 * is stopped. The role that exists is "postgres", a superuser. */
const char *pg_server_url(struct pg_server *s, const char *role);
const char *pg_server_socket_url(struct pg_server *s, const char *role);
int pg_server_port(const struct pg_server *s);

/* Off at once, as in a crash; and on again, on the same port, with what was committed. */
void pg_server_down(struct pg_server *s);
void pg_server_up(struct pg_server *s);
void pg_server_restart(struct pg_server *s);
/* Ends every client's connection but its own. */
void pg_server_kill_backends(struct pg_server *s);

/* On a connection of its own, as postgres, blocking. */
void pg_server_exec(struct pg_server *s, const char *sql);
/* The first value, which must be an integer or a bool; NULL and no row give -1. */
long long pg_server_int(struct pg_server *s, const char *sql);
/* As another role: the SQLSTATE it was refused with (static), or "" if it was not. */
const char *pg_server_refusal(struct pg_server *s, const char *role, const char *sql);

#endif
