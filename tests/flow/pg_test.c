#include "data/pg.h"

#include <stdlib.h>

#include "tests/lib/pg_asks.h"

TEST(each_of_a_thousand_calls_has_its_own_outcome)
{
	static const struct pg_stmt divide = { "divide", "select 1000 / ($1::int8 % 7)" };
	struct ask *asks = calloc(1000, sizeof *asks);
	int ended = 0;

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 2);
	for (int i = 0; i < 1000; i++)
		ask_number(&asks[i], &divide, i);
	CHECK_INT(pg_in_flight(pg), 1000);
	TURN_UNTIL(&loop, pg_in_flight(pg) == 0);
	for (int i = 0; i < 1000; i++) {
		ended += asks[i].ended;
		CHECK_INT(asks[i].e, i % 7 ? ERR_OK : ERR_INVALID);
		CHECK_INT(asks[i].number, i % 7 ? 1000 / (i % 7) : 0);
	}
	CHECK_INT(ended, 1000);
	/* The second may still be on its way. */
	TURN_UNTIL(&loop, pg_server_int(server,
				  "select count(*) from pg_stat_activity"
				  " where application_name = 'pg_test'") == 2);
	free(asks);
	pg_asks_end();
}

/* ---- values ---- */

static const struct uuid some_id = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16 } };
#define ODD_TEXT "a'b\"c\\d{e},NULL \xc3\xa4\n"
static int checked;

static void check_scalars(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct uuid u;

	(void)call;
	checked++;
	CHECK_INT(e, ERR_OK);
	if (e != ERR_OK)
		return;
	u = pg_uuid(rows, 0, 2);
	CHECK_STR(pg_text(rows, 0, 0), STR(ODD_TEXT));
	CHECK_STR(pg_text(rows, 0, 1), STR("\0\xff\x01"));
	CHECK(uuid_eq(&u, &some_id));
	CHECK_INT(pg_i64(rows, 0, 3), INT32_MIN);
	CHECK_INT(pg_i64(rows, 0, 4), INT64_MAX);
	CHECK(pg_bool(rows, 0, 5));
	CHECK_INT(pg_time(rows, 0, 6), INT64_C(1700000000123456));
	CHECK(pg_null(rows, 0, 7));
	CHECK_STR(pg_text(rows, 0, 8), STR(""));
	CHECK(!pg_null(rows, 0, 8));
	CHECK_INT(pg_i64(rows, 0, 9), -3);
	/* Postgres agrees on what they mean. */
	CHECK_STR(pg_text(rows, 0, 10),
		STR("01020304-0506-0708-090a-0b0c0d0e0f10 2023-11-14 22:13:20.123456"));
}

TEST(values_of_every_type_come_back)
{
	static const struct pg_stmt all = { "all",
		"select $1::text, $2::bytea, $3::uuid, $4::int4, $5::int8, $6::bool,"
		" $7::timestamptz, $8::text, $9::text, (-3)::int2,"
		" $3::text || ' ' || ($7::timestamptz at time zone 'utc')::text" };
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	checked = 0;
	pg_add_text(&a.params, STR(ODD_TEXT));
	pg_add_bytes(&a.params, STR("\0\xff\x01"));
	pg_add_uuid(&a.params, &some_id);
	pg_add_i32(&a.params, INT32_MIN);
	pg_add_i64(&a.params, INT64_MAX);
	pg_add_bool(&a.params, true);
	pg_add_time(&a.params, INT64_C(1700000000123456));
	pg_add_text(&a.params, STR_NONE);
	pg_add_text(&a.params, STR(""));
	a.call = (struct pg_call){
		.stmt = &all, .params = &a.params, .done = check_scalars
	};
	pg_send(pg, &a.call);
	TURN_UNTIL(&loop, checked);
	pg_asks_end();
}

static void check_arrays(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct uuid u;

	(void)call;
	checked++;
	CHECK_INT(e, ERR_OK);
	if (e != ERR_OK)
		return;
	CHECK_INT(pg_count(rows), 3);
	u = pg_uuid(rows, 0, 0);
	CHECK(uuid_eq(&u, &some_id));
	CHECK(pg_null(rows, 1, 0));
	CHECK_STR(pg_text(rows, 0, 1), STR(ODD_TEXT));
	CHECK(!pg_null(rows, 1, 1));
	CHECK_STR(pg_text(rows, 1, 1), STR(""));
	CHECK(pg_null(rows, 2, 1));
	CHECK_INT(pg_i64(rows, 2, 2), -7);
	CHECK_INT(pg_i64(rows, 2, 3), INT64_MIN);
	CHECK(pg_bool(rows, 2, 4));
	CHECK_INT(pg_time(rows, 2, 5), INT64_C(-1));
	CHECK_STR(pg_text(rows, 2, 6), STR("\0'\\"));
	CHECK_INT(pg_i64(rows, 0, 7), 0); /* the empty array */
}

TEST(arrays_of_every_type_come_back)
{
	static const struct pg_stmt all = { "arrays",
		"select a.*, cardinality($8::text[])"
		" from unnest($1::uuid[], $2::text[], $3::int4[],"
		" $4::int8[], $5::bool[], $6::timestamptz[], $7::bytea[]) as a" };
	static const struct str texts[] = { STR(ODD_TEXT), STR(""), STR_NONE };
	static const enum pg_elem elem[8] = { PG_ELEM_UUID, PG_ELEM_TEXT, PG_ELEM_I32,
		PG_ELEM_I64, PG_ELEM_BOOL, PG_ELEM_TIME, PG_ELEM_BYTES, PG_ELEM_TEXT };
	struct pg_array arrays[8] = { 0 };
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	checked = 0;
	for (int i = 0; i < 8; i++)
		pg_array_begin(&arrays[i], elem[i]);
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			pg_array_null(&arrays[0]);
		else
			pg_array_uuid(&arrays[0], &some_id);
		pg_array_text(&arrays[1], texts[i]);
		pg_array_i32(&arrays[2], i - 9);
		pg_array_i64(&arrays[3], INT64_MIN + 2 - i);
		pg_array_bool(&arrays[4], i == 2);
		pg_array_time(&arrays[5], 1 - i);
		pg_array_text(&arrays[6], STR("\0'\\"));
	}
	for (int i = 0; i < 8; i++)
		pg_add_array(&a.params, &arrays[i]);
	a.call =
		(struct pg_call){ .stmt = &all, .params = &a.params, .done = check_arrays };
	pg_send(pg, &a.call);
	TURN_UNTIL(&loop, checked);
	for (int i = 0; i < 8; i++)
		pg_array_fini(&arrays[i]);
	pg_asks_end();
}

TEST(large_values_go_both_ways_at_once)
{
	static const struct pg_stmt big = { "big", "select length($1::text), $1::text" };
	static struct ask asks[20];
	struct buf text = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 2);
	memset(buf_reserve(&text, 1 << 20), 'x', 1 << 20);
	text.len = 1 << 20;
	memset(asks, 0, sizeof asks);
	for (int i = 0; i < 20; i++) {
		pg_add_text(&asks[i].params, buf_str(&text));
		ask_send(&asks[i], &big);
	}
	TURN_UNTIL(&loop, pg_in_flight(pg) == 0);
	for (int i = 0; i < 20; i++)
		CHECK_INT(asks[i].number, 1 << 20);
	buf_fini(&text);
	pg_asks_end();
}

/* ---- refusals ---- */

TEST(a_refused_commit_is_no_success)
{
	static const struct pg_stmt twice = { "twice",
		"insert into late values ($1::int8), ($1::int8) returning n",
		.write = true };

	pg_asks_begin();
	pg_server_exec(server,
		"drop table if exists late;"
		"create table late (n int8 unique deferrable initially deferred)");
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	CHECK_INT(asked(&twice, 1).e, ERR_CONFLICT);
	CHECK_INT(asked(&echo, 5).number, 5); /* in step again */
	CHECK_INT(pg_server_int(server, "select count(*) from late"), 0);
	pg_asks_end();
}

TEST(a_statement_that_cannot_be_prepared_fails_alone)
{
	static const struct pg_stmt wrong = { "wrong", "select no_such_column + $1::int8" };
	struct ask a = { 0 }, b = { 0 }, c = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	ask_number(&a, &echo, 1);
	ask_number(&b, &wrong, 2);
	ask_number(&c, &echo, 3);
	TURN_UNTIL(&loop, pg_in_flight(pg) == 0);
	CHECK_INT(a.number, 1);
	CHECK_INT(b.e, ERR_INTERNAL);
	CHECK_INT(c.number, 3);
	CHECK_INT(asked(&wrong, 2).e, ERR_INTERNAL);
	pg_asks_end();
}

TEST(refusals_of_our_functions_have_their_err)
{
	static const struct pg_stmt refuse = { "refuse", "select refuse($1::int8)" };

	pg_asks_begin();
	pg_server_exec(server,
		"create or replace function refuse(n int8) returns int8 language plpgsql as"
		" $$"
		" begin raise sqlstate 'CA404'; end $$");
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	CHECK_INT(asked(&refuse, 1).e, ERR_NOT_FOUND);
	pg_asks_end();
}

TEST(a_plan_made_stale_is_made_again)
{
	static const struct pg_stmt all = { "all_shapes",
		"select * from shapes where n = $1::int8" };
	static const struct pg_stmt add = { "add_shape",
		"insert into shapes (n) values ($1::int8) returning *", .write = true };

	pg_asks_begin();
	pg_server_exec(server, "drop table if exists shapes; create table shapes (n int8)");
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	CHECK_INT(asked(&add, 1).number, 1);
	CHECK_INT(asked(&all, 1).rows, 1);
	for (int i = 0; i < 2; i++) {
		pg_server_exec(server, i ? "alter table shapes add column b text"
					 : "alter table shapes add column a text");
		CHECK_INT(asked(&all, 1).number, 1);
		CHECK_INT(asked(&add, 2).number, 2);
	}
	CHECK_INT(pg_server_int(server, "select count(*) from shapes"), 3);
	pg_asks_end();
}

TEST(a_statement_the_server_forgot_is_prepared_again)
{
	static const struct pg_stmt forget = { "forget", "deallocate all" };
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	CHECK_INT(asked(&echo, 1).number, 1);
	ask_send(&a, &forget);
	TURN_UNTIL(&loop, a.ended);
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(asked(&echo, 2).number, 2);
	pg_asks_end();
}

/* ---- time ---- */

TEST(deadline_of_a_read_and_of_a_write)
{
	struct ask read = { 0 }, write = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 2);
	pg_asks_wait_up();
	read.call.deadline_ms = write.call.deadline_ms = clock_mono_ms() + 100;
	ask_number(&read, &nap, 400);
	ask_number(&write, &nap_write, 400);
	TURN_UNTIL(&loop, read.ended && write.ended);
	CHECK_INT(read.e, ERR_TIMEOUT);
	CHECK_INT(write.e, ERR_UNSURE);
	CHECK_INT(pg_in_flight(pg), 0);
	/* The late answers are nobody else's. */
	CHECK_INT(asked(&echo, 7).number, 7);
	CHECK_INT(asked(&echo, 8).number, 8);
	TURN_UNTIL(&loop, pg_server_int(server, "select count(*) from notes") == 1);
	CHECK_INT(read.ended, 1);
	CHECK_INT(write.ended, 1);
	pg_asks_end();
}

TEST(deadline_of_what_was_never_sent)
{
	static struct ask naps[64];
	struct ask late = { 0 }, past = { 0 };

	pg_asks_begin();
	memset(naps, 0, sizeof naps);
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	pg_asks_wait_up();
	for (int i = 0; i < 64; i++)
		ask_number(&naps[i], &nap, i == 0 ? 300 : 0);
	late.call.deadline_ms = clock_mono_ms() + 60;
	ask_number(&late, &note, 1); /* a write, but there is no room for it yet */
	past.call.deadline_ms = 1;
	TURN_UNTIL(&loop, late.ended);
	ask_number(&past, &note, 2);
	TURN_UNTIL(&loop, pg_in_flight(pg) == 0);
	CHECK_INT(late.e, ERR_TIMEOUT);
	CHECK_INT(past.e, ERR_TIMEOUT);
	CHECK_INT(pg_server_int(server, "select count(*) from notes"), 0);
	pg_asks_end();
}

TEST(the_server_ends_what_takes_too_long)
{
	static const struct pg_stmt blocked = { "blocked", "update notes set n = $1::int8",
		.write = true };
	static const struct pg_stmt hold = { "hold", "select hold($1::int8)",
		.write = true };
	struct ask slow = { 0 }, holder = { 0 }, waiter = { 0 };

	pg_asks_begin();
	pg_server_exec(server,
		"insert into notes values (1);"
		"create or replace function hold(ms int8) returns void language plpgsql as"
		" $$ begin"
		" update notes set n = 2; perform pg_sleep(ms / 1000.0); end $$");
	pg = pg_open(&(struct pg_options){ .loop = &loop,
		.url = pg_server_url(server, "postgres"),
		.connections = 2,
		.app_name = "pg_test",
		.statement_ms = 400 });
	ask_number(&slow, &nap, 60000);
	TURN_UNTIL(&loop, slow.ended);
	CHECK_INT(slow.e, ERR_TIMEOUT);
	ask_number(&holder, &hold, 60000); /* until the server ends it */
	turn_for_ms(&loop, 20);
	ask_number(&waiter, &blocked, 3);
	TURN_UNTIL(&loop, waiter.ended);
	CHECK_INT(waiter.e, ERR_BUSY);
	TURN_UNTIL(&loop, holder.ended);
	CHECK_INT(holder.e, ERR_TIMEOUT);
	pg_asks_end();
}

TEST(a_forgotten_call_is_never_told)
{
	struct ask sent = { 0 }, unsent = { 0 }, after = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	pg_asks_wait_up();
	ask_number(&sent, &nap, 50);
	turn_for_ms(&loop, 10);
	ask_number(&unsent, &note, 1);
	pg_forget(pg, &unsent.call);
	pg_forget(pg, &sent.call);
	CHECK_INT(pg_in_flight(pg), 0);
	ask_number(&after, &echo, 3);
	TURN_UNTIL(&loop, after.ended);
	CHECK_INT(after.number, 3);
	CHECK_INT(sent.ended + unsent.ended, 0);
	CHECK_INT(pg_server_int(server, "select count(*) from notes"), 0);
	pg_asks_end();
}

TEST(there_is_a_bound_to_waiting)
{
	struct ask *asks = calloc(10001, sizeof *asks);
	int ok = 0;

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 2);
	for (int i = 0; i < 10001; i++)
		ask_number(&asks[i], &echo, i);
	CHECK_INT(asks[10000].ended, 0); /* not from within pg_send */
	TURN_UNTIL(&loop, pg_in_flight(pg) == 0);
	for (int i = 0; i < 10000; i++)
		ok += asks[i].e == ERR_OK && asks[i].number == i;
	CHECK_INT(ok, 10000);
	CHECK_INT(asks[10000].e, ERR_BUSY);
	free(asks);
	pg_asks_end();
}
