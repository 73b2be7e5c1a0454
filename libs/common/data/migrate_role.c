#include "data/migrate_role.h"

#include <stdio.h>

static enum err create_role(struct migrate *m)
{
	const char *quoted = migrate_quoted(m, m->role);
	struct str sql = arena_fmt(&m->arena, "create role %s login", quoted);
	PGresult *r = PQexec(m->pq, sql.ptr);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	enum err e = ERR_OK;

	/* Roles belong to the whole server: another database's migration may be as
	 * far. */
	if (state && strcmp(state, "42710") != 0 && strcmp(state, "23505") != 0) {
		fprintf(stderr, "%s: creating role %s: %s", m->service, m->role,
			PQresultErrorMessage(r));
		e = ERR_DENIED;
	} else if (!state) {
		printf("%s: created role %s\n", m->service, m->role);
	}
	PQclear(r);
	return e;
}

/* Only the verifier travels: statements are logged in many places. */
static enum err set_password(struct migrate *m, const char *password)
{
	char *verifier = PQencryptPasswordConn(m->pq, password, m->role, NULL);
	char *literal = NULL;
	enum err e = ERR_INTERNAL;

	if (verifier)
		literal = PQescapeLiteral(m->pq, verifier, strlen(verifier));
	if (literal)
		e = migrate_exec(m, "setting the role's password",
			arena_fmt(&m->arena, "alter role %s password %s",
				migrate_quoted(m, m->role), literal)
				.ptr);
	else
		fprintf(stderr, "%s: %s", m->service, PQerrorMessage(m->pq));
	PQfreemem(literal);
	PQfreemem(verifier);
	return e;
}

enum err migrate_role(struct migrate *m, const char *password)
{
	PGresult *r = migrate_ask(m, "looking for the role",
		"select rolcanlogin from pg_roles where rolname = $1", 1, &m->role);
	bool exists, can_log_in;
	enum err e = ERR_OK;

	if (!r)
		return ERR_INTERNAL;
	exists = PQntuples(r) > 0;
	can_log_in = exists && *PQgetvalue(r, 0, 0) == 't';
	PQclear(r);
	if (!exists)
		e = create_role(m);
	else if (!can_log_in)
		e = migrate_exec(m, "letting the role log in",
			arena_fmt(&m->arena, "alter role %s login",
				migrate_quoted(m, m->role))
				.ptr);
	if (e == ERR_OK && password && *password)
		e = set_password(m, password);
	return e;
}

/*
 * $s the schema, $r the role, $d the database. What scripts granted to other roles stays.
 * New functions can be run by everybody until the revoke, but nobody else may use the
 * schema.
 */
static const char grants[] =
	"begin;"
	"revoke all on schema $s from public;"
	"revoke all on all tables in schema $s from public;"
	"revoke all on all sequences in schema $s from public;"
	"revoke all on all routines in schema $s from public;"
	"grant usage on schema $s to $r;"
	"grant select, insert, update, delete on all tables in schema $s to $r;"
	"grant usage, select on all sequences in schema $s to $r;"
	"grant execute on all routines in schema $s to $r;"
	"revoke insert, update, delete on $s.schema_migrations from $r;"
	"alter role $r in database $d set search_path = $s;"
	"commit;";

enum err migrate_grants(struct migrate *m)
{
	const char *role = migrate_quoted(m, m->role);
	const char *database = migrate_quoted(m, PQdb(m->pq));
	const char *rest = grants, *mark;
	struct str sql = STR_NONE;

	for (; (mark = strchr(rest, '$')); rest = mark + 2) {
		const char *name = mark[1] == 's'   ? m->schema
				   : mark[1] == 'r' ? role
						    : database;

		sql = arena_fmt(&m->arena, "%.*s%.*s%s", STR_ARG(sql), (int)(mark - rest),
			rest, name);
	}
	sql = arena_fmt(&m->arena, "%.*s%s", STR_ARG(sql), rest);
	return migrate_exec(m, "granting", sql.ptr);
}
