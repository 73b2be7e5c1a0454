/*
 * migrate - numbered SQL scripts, applied once each, in order, under an advisory lock.
 *
 * Runs before serving, synchronously (`<service> migrate`), as an owner of the database.
 * Each script runs in a transaction of its own with search_path set to the service's
 * schema; what was applied stands in <schema>.schema_migrations with a checksum: a script
 * that was changed after it was applied is refused. The shared scripts (outbox, inbox)
 * run first in every schema. The service's login role (castor_<service>) is made when
 * missing and given ROLE_PASSWORD.
 */
#ifndef DATA_MIGRATE_H
#define DATA_MIGRATE_H

#include "app/app.h"

/* role_password may be NULL: the role's password is left alone. Prints what it does on
 * standard output; problems on standard error. Waits up to 60 s for the server. */
enum err migrate_run(const char *url, const char *service, const struct migration *list,
	const char *role_password);

#endif
