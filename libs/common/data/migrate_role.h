/*
 * migrate_role - the login a service works as: made when missing, and given just its own
 * schema.
 *
 * Part of migrate (the common helpers live there); synchronous.
 */
#ifndef DATA_MIGRATE_ROLE_H
#define DATA_MIGRATE_ROLE_H

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/err.h"

struct migrate {
	PGconn *pq;
	struct arena arena;
	const char *service;
	const char *schema; /* as an SQL identifier; NULL: the service has none */
	const char *role;
};

/* Runs SQL; what went wrong is said on standard error under `what`. */
enum err migrate_exec(struct migrate *m, const char *what, const char *sql);
/* A result of one statement with text parameters, or NULL if it failed (which was
 * said). */
PGresult *migrate_ask(struct migrate *m, const char *what, const char *sql, int n,
	const char *const *values);
const char *migrate_quoted(struct migrate *m, const char *name); /* as an SQL identifier */

/* The role exists and can log in; with the password, if one is given. */
enum err migrate_role(struct migrate *m, const char *password);
/* Grants what the service needs in its schema, and takes it from everybody else. */
enum err migrate_grants(struct migrate *m);

#endif
