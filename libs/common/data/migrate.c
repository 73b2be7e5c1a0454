#include "data/migrate.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/migrate_role.h"

#define WAIT_MS 60000 /* for the server to come up */

extern const struct migration common_migrations[];

/* ---- helpers that migrate_role shares ---- */

enum err migrate_exec(struct migrate *m, const char *what, const char *sql)
{
	PGresult *r = PQexec(m->pq, sql);
	ExecStatusType s = PQresultStatus(r);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	enum err e = ERR_OK;

	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_EMPTY_QUERY) {
		fprintf(stderr, "%s: %s: %s", m->service, what, PQresultErrorMessage(r));
		e = state && !strcmp(state, "55P03") ? ERR_BUSY : ERR_INVALID;
	}
	PQclear(r);
	return e;
}

PGresult *migrate_ask(struct migrate *m, const char *what, const char *sql, int n,
	const char *const *values)
{
	PGresult *r = PQexecParams(m->pq, sql, n, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK)
		return r;
	fprintf(stderr, "%s: %s: %s", m->service, what, PQresultErrorMessage(r));
	PQclear(r);
	return NULL;
}

const char *migrate_quoted(struct migrate *m, const char *name)
{
	char *quoted = PQescapeIdentifier(m->pq, name, strlen(name));
	const char *kept = arena_cstr(&m->arena, str_of(quoted ? quoted : "\"\""));

	PQfreemem(quoted);
	return kept;
}

/* ---- the server ---- */

/* A server that is still starting, or a database still to be made, is worth a wait;
 * the reason is said when it changes, so that a wrong password does not look like a
 * hang. */
static enum err connect_patiently(struct migrate *m, const char *url)
{
	const char *const keys[] = { "connect_timeout", "fallback_application_name",
		"dbname", NULL };
	const char *const values[] = { "5", "castor migrate", url, NULL };
	uint64_t until = clock_mono_ms() + WAIT_MS;
	struct str said = STR_NONE;

	for (;;) {
		struct str why;

		m->pq = PQconnectdbParams(keys, values, 1);
		if (PQstatus(m->pq) == CONNECTION_OK)
			return ERR_OK;
		why = str_of(PQerrorMessage(m->pq));
		if (!str_eq(why, said)) {
			fprintf(stderr, "%s: waiting for the database: %.*s", m->service,
				STR_ARG(why));
			said = arena_dup(&m->arena, why);
		}
		PQfinish(m->pq);
		m->pq = NULL;
		if (clock_mono_ms() > until)
			return ERR_UNAVAILABLE;
		usleep(200 * 1000);
	}
}

/* One migration at a time in this database. Later on no lock is waited for long:
 * behind a waiting "alter table" the whole service would stand still. */
static enum err take_the_lock(struct migrate *m)
{
	return migrate_exec(m, "taking the lock",
		"set client_min_messages = warning; set statement_timeout = 0;"
		"set lock_timeout = 0;"
		"select pg_advisory_lock(x'CA5708'::int8);"
		"set lock_timeout = '10s'");
}

/* ---- scripts ---- */

struct script {
	const char *name; /* as it stands in schema_migrations */
	const char *sql;
	bool applied;
};

static enum err prepare_schema(struct migrate *m)
{
	return migrate_exec(m, "making the schema",
		arena_fmt(&m->arena,
			"create schema if not exists %s;"
			"create table if not exists %s.schema_migrations ("
			" name text primary key, checksum text not null,"
			" applied_at timestamptz not null default now())",
			m->schema, m->schema)
			.ptr);
}

static enum err find_script(struct migrate *m, struct script *s)
{
	const char *const values[] = { s->name, s->sql };
	PGresult *r = migrate_ask(m, s->name,
		arena_fmt(&m->arena,
			"select checksum = encode(sha256(convert_to($2, 'UTF8')), 'hex')"
			" from %s.schema_migrations where name = $1",
			m->schema)
			.ptr,
		2, values);
	bool changed;

	if (!r)
		return ERR_INTERNAL;
	s->applied = PQntuples(r) > 0;
	changed = s->applied && *PQgetvalue(r, 0, 0) != 't';
	PQclear(r);
	if (!changed)
		return ERR_OK;
	fprintf(stderr,
		"%s: %s was changed after it was applied; write a new script instead\n",
		m->service, s->name);
	return ERR_CONFLICT;
}

static enum err note_applied(struct migrate *m, const struct script *s)
{
	const char *const values[] = { s->name, s->sql };
	PGresult *r = migrate_ask(m, s->name,
		arena_fmt(&m->arena,
			"insert into %s.schema_migrations (name, checksum)"
			" values ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))",
			m->schema)
			.ptr,
		2, values);

	PQclear(r);
	return r ? ERR_OK : ERR_INTERNAL;
}

static enum err run_script(struct migrate *m, const struct script *s)
{
	struct str path = arena_fmt(&m->arena, "set local search_path = %s", m->schema);
	enum err e = migrate_exec(m, s->name, path.ptr);

	if (e == ERR_OK)
		e = migrate_exec(m, s->name, s->sql);
	if (e == ERR_OK && PQtransactionStatus(m->pq) != PQTRANS_INTRANS) {
		fprintf(stderr, "%s: %s ends its own transaction: it must not\n",
			m->service, s->name);
		e = ERR_INVALID;
	}
	return e;
}

static enum err apply_script(struct migrate *m, const struct script *s)
{
	uint64_t began = clock_mono_ms();
	enum err e = migrate_exec(m, s->name, "begin");

	if (e == ERR_OK)
		e = run_script(m, s);
	if (e == ERR_OK)
		e = note_applied(m, s);
	if (e == ERR_OK)
		e = migrate_exec(m, s->name, "commit");
	if (e == ERR_OK)
		printf("%s: applied %s (%llu ms)\n", m->service, s->name,
			(unsigned long long)(clock_mono_ms() - began));
	else
		PQclear(PQexec(m->pq, "rollback"));
	return e;
}

static size_t add_scripts(struct migrate *m, struct script *to,
	const struct migration *list, const char *prefix)
{
	size_t n = 0;

	for (; list[n].name; n++)
		to[n] = (struct script){
			.name = arena_fmt(&m->arena, "%s%s", prefix, list[n].name).ptr,
			.sql = list[n].sql,
		};
	return n;
}

static size_t count_scripts(const struct migration *list)
{
	size_t n = 0;

	while (list[n].name)
		n++;
	return n;
}

/* All are looked at before any is run: a changed one stops everything. */
static enum err run_scripts(struct migrate *m, const struct migration *list)
{
	size_t n = count_scripts(common_migrations) + count_scripts(list), ran = 0;
	struct script *all = arena_alloc(&m->arena, n * sizeof *all);
	size_t common = add_scripts(m, all, common_migrations, "common/");
	enum err e = prepare_schema(m);

	add_scripts(m, all + common, list, "");
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = find_script(m, &all[i]);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (all[i].applied)
			continue;
		e = apply_script(m, &all[i]);
		ran++;
	}
	if (e == ERR_OK && ran == 0)
		printf("%s: the schema is up to date\n", m->service);
	return e;
}

/* ---- all of it ---- */

/* "auth" works as castor_auth, "ai-worker" as castor_worker. */
static const char *role_of(struct migrate *m)
{
	const char *dash = strrchr(m->service, '-');

	return arena_fmt(&m->arena, "castor_%s", dash ? dash + 1 : m->service).ptr;
}

static enum err run_all(struct migrate *m, const char *url, const struct migration *list,
	const char *role_password)
{
	enum err e = connect_patiently(m, url);

	if (e == ERR_OK)
		e = take_the_lock(m);
	if (e != ERR_OK)
		return e;
	m->role = role_of(m);
	m->schema = list ? migrate_quoted(m, m->service) : NULL;
	e = migrate_role(m, role_password); /* first: scripts may name it */
	if (e == ERR_OK && list)
		e = run_scripts(m, list);
	if (e == ERR_OK && list)
		e = migrate_grants(m);
	return e;
}

enum err migrate_run(const char *url, const char *service, const struct migration *list,
	const char *role_password)
{
	struct migrate m = { .service = service };
	enum err e;

	arena_init(&m.arena);
	e = run_all(&m, url, list, role_password);
	PQfinish(m.pq); /* and with it the lock goes */
	arena_fini(&m.arena);
	fflush(stdout);
	return e;
}
