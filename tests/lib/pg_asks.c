#include "tests/lib/pg_asks.h"

struct pg_server *server;
struct loop loop;
struct pg *pg;

const struct pg_stmt echo = { "echo", "select $1::int8" };
const struct pg_stmt nap = { "nap", "select 1 from pg_sleep($1::int8 / 1000.0)" };
const struct pg_stmt note = { "note", "insert into notes values ($1::int8) returning n",
	.write = true };
const struct pg_stmt nap_write = { "nap_write",
	"insert into notes select $1::int8 from pg_sleep($1::int8 / 1000.0)",
	.write = true };

void pg_asks_begin(void)
{
	if (!server) {
		server = pg_server_start();
		pg_server_exec(server, "create table notes (n int8)");
	}
	pg_server_kill_backends(server); /* what the test before left running */
	pg_server_exec(server, "truncate notes");
	loop_init(&loop);
}

void pg_asks_open(const char *url, unsigned connections)
{
	pg = pg_open(&(struct pg_options){ .loop = &loop,
		.url = url,
		.connections = connections,
		.app_name = "pg_test" });
}

void pg_asks_wait_up(void)
{
	TURN_UNTIL(&loop, pg_is_up(pg));
}

static void note_closed(void *ctx)
{
	*(bool *)ctx = true;
}

void pg_asks_end(void)
{
	bool closed = false;

	pg_close(&pg, note_closed, &closed);
	TURN_UNTIL(&loop, closed);
	loop_fini(&loop);
}

static void note_ended(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct ask *a = container_of(call, struct ask, call);

	CHECK((e == ERR_OK) == (rows != NULL));
	a->ended++;
	a->e = e;
	if (!rows)
		return;
	a->rows = pg_count(rows);
	if (a->rows && !pg_null(rows, 0, 0) && pg_text(rows, 0, 0).len <= 8)
		a->number = pg_i64(rows, 0, 0);
}

void ask_send(struct ask *a, const struct pg_stmt *stmt)
{
	a->call.stmt = stmt;
	a->call.params = &a->params;
	a->call.done = note_ended;
	pg_send(pg, &a->call);
}

void ask_number(struct ask *a, const struct pg_stmt *stmt, int64_t n)
{
	pg_add_i64(&a->params, n);
	ask_send(a, stmt);
}

struct ask asked(const struct pg_stmt *stmt, int64_t n)
{
	struct ask a = { 0 };

	ask_number(&a, stmt, n);
	TURN_UNTIL(&loop, a.ended);
	return a;
}
