#include "data/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/pg_server.h"
#include "tests/lib/test.h"

static struct pg_server *server;

/* "" for what must be allowed. */
#define CHECK_REFUSAL(role, sql, state)                                                    \
	CHECK_STR(str_of(pg_server_refusal(server, role, sql)), STR(state))

static const struct migration shop[] = {
	{ "0001_goods",
		"create table goods (id int primary key, name text not null);\n"
		"create table log (id bigserial primary key, what text);\n"
		"create function goods_count() returns bigint language sql as"
		" $$ select count(*) from goods $$;" },
	{ "0002_more", "insert into goods values (1, 'it''s; a \"thing\"');" },
	{ 0 },
};

/* castor_worker may run one function of it. */
static const struct migration lender[] = {
	{ "0001_door",
		"create table secret (n int);\n"
		"insert into secret values (42);\n"
		"create function peek() returns int language sql security definer"
		" set search_path = lender, pg_temp as $$ select n from secret $$;\n"
		"create function hidden() returns int language sql security definer"
		" set search_path = lender, pg_temp as $$ select n from secret $$;\n"
		"do $$ begin create role castor_worker nologin;"
		" exception when duplicate_object or unique_violation then null; end $$;\n"
		"grant usage on schema lender to castor_worker;\n"
		"grant execute on function peek() to castor_worker;" },
	{ 0 },
};

static enum err migrate(const char *service, const struct migration *list)
{
	if (!server)
		server = pg_server_start();
	return migrate_run(pg_server_url(server, "postgres"), service, list, NULL);
}

TEST(scripts_run_once)
{
	CHECK_INT(migrate("shop", shop), ERR_OK);
	CHECK_INT(pg_server_int(server, "select count(*) from shop.goods"), 1);
	CHECK_INT(migrate("shop", shop), ERR_OK);
	CHECK_INT(pg_server_int(server, "select count(*) from shop.goods"), 1);
	CHECK_INT(pg_server_int(server,
			  "select count(*) from shop.schema_migrations"
			  " where name like '000%'"),
		2);
}

TEST(a_changed_script_stops_everything)
{
	static const struct migration changed[] = {
		{ "0001_goods", "create table goods (id int primary key);" },
		{ "0002_more", "insert into goods values (1, 'it''s; a \"thing\"');" },
		{ "0003_new", "create table never (n int);" },
		{ 0 },
	};

	CHECK_INT(migrate("shop", shop), ERR_OK);
	CHECK_INT(migrate("shop", changed), ERR_CONFLICT);
	CHECK_INT(pg_server_int(server, "select to_regclass('shop.never') is null"), 1);
}

TEST(a_failed_script_leaves_nothing)
{
	static const struct migration broken[] = {
		{ "0001_good", "create table good (n int);" },
		{ "0002_bad", "create table half (n int);\ncreate table half (n int);" },
		{ 0 },
	};
	static const struct migration mended[] = {
		{ "0001_good", "create table good (n int);" },
		{ "0002_bad", "create table half (n int);" },
		{ 0 },
	};

	CHECK(migrate("torn", broken) != ERR_OK);
	CHECK_INT(pg_server_int(server, "select to_regclass('torn.good') is null"), 0);
	CHECK_INT(pg_server_int(server, "select to_regclass('torn.half') is null"), 1);
	CHECK_INT(migrate("torn", mended), ERR_OK);
	CHECK_INT(pg_server_int(server, "select to_regclass('torn.half') is null"), 0);
}

TEST(a_script_may_not_end_its_transaction)
{
	static const struct migration rude[] = {
		{ "0001_rude", "create table x (n int); commit;" },
		{ 0 },
	};

	CHECK_INT(migrate("rude", rude), ERR_INVALID);
}

static pid_t migrate_beside(const char *service, const struct migration *list)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)migrate_run(
			pg_server_url(server, "postgres"), service, list, "a password"));
	return pid;
}

TEST(many_at_once_wait_for_each_other)
{
	static const struct migration slow[] = {
		{ "0001_slow", "create table slow (n int); select pg_sleep(0.1);" },
		{ "0002_more", "insert into slow values (1);" },
		{ 0 },
	};
	static const char *const services[] = { "one", "one", "one", "two", "two",
		"worker" };
	pid_t pids[6];
	int status;

	if (!server)
		server = pg_server_start();
	fflush(stdout);
	for (int i = 0; i < 6; i++)
		pids[i] = migrate_beside(services[i], i == 5 ? NULL : slow);
	for (int i = 0; i < 6; i++) {
		CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_INT(status, 0);
	}
	CHECK_INT(pg_server_int(server, "select count(*) from one.slow"), 1);
	CHECK_INT(pg_server_int(server, "select count(*) from two.slow"), 1);
}

TEST(a_role_has_its_own_schema_and_no_other)
{
	CHECK_INT(migrate("shop", shop), ERR_OK);
	CHECK_INT(migrate("lender", lender), ERR_OK);

	/* At home, without naming the schema. */
	CHECK_REFUSAL("castor_shop",
		"insert into goods values (7, 'x');"
		"update goods set name = 'y' where id = 7;"
		"insert into log (what) values ('z'); select goods_count();"
		"delete from goods where id = 7",
		"");
	/* Its own record of scripts is not its to change, nor is the schema. */
	CHECK_REFUSAL("castor_shop", "select * from schema_migrations", "");
	CHECK_REFUSAL("castor_shop", "delete from schema_migrations", "42501");
	CHECK_REFUSAL("castor_shop", "create table more (n int)", "42501");
	CHECK_REFUSAL("castor_shop", "drop table goods", "42501");
	/* Elsewhere it is refused. */
	CHECK_REFUSAL("castor_shop", "select * from lender.secret", "42501");
	CHECK_REFUSAL("castor_shop", "select lender.peek()", "42501");
	CHECK_REFUSAL("castor_lender", "select * from shop.goods", "42501");
	CHECK_REFUSAL("castor_lender", "select shop.goods_count()", "42501");
}

TEST(a_lent_function_stays_lent)
{
	CHECK_INT(migrate("lender", lender), ERR_OK);
	CHECK_INT(migrate("ai-worker", NULL), ERR_OK);
	CHECK_INT(migrate("lender", lender), ERR_OK);
	CHECK_REFUSAL("castor_worker", "select lender.peek()", "");
	CHECK_REFUSAL("castor_worker", "select lender.hidden()", "42501");
	CHECK_REFUSAL("castor_worker", "select * from lender.secret", "42501");
	CHECK_INT(
		pg_server_int(server,
			"select count(*) from pg_namespace where nspname like '%worker%'"),
		0);
}

TEST(the_password_is_kept_as_a_verifier)
{
	if (!server)
		server = pg_server_start();
	CHECK_INT(migrate_run(pg_server_url(server, "postgres"), "shop", shop,
			  "it's \\ secret"),
		ERR_OK);
	CHECK_INT(pg_server_int(server,
			  "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid"
			  " where rolname = 'castor_shop'"),
		1);
	/* Without one it is left alone. */
	CHECK_INT(migrate("shop", shop), ERR_OK);
	CHECK_INT(pg_server_int(server,
			  "select rolpassword is null from pg_authid"
			  " where rolname = 'castor_shop'"),
		0);
}
