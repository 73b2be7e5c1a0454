#include "data/pg_batch.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/pg_asks.h"

/* A number to be stored; what makes it fail is in the table's constraints. */
struct entry {
	struct pg_batch_item item;
	int64_t n;
	int ended;
	enum err e;
	int64_t stored; /* as the row came back */
};

static struct pg_batch *batch;
static int ended, statements;

/* 13 is refused, -1 gives no row. */
static const struct pg_stmt store = { "store",
	"with i as (select (nth - 1)::int4 as i, n"
	"  from unnest($1::int8[]) with ordinality as u(n, nth)),"
	" s as (insert into numbers select n from i where n >= 0 returning n)"
	" select i.i, s.n from i join s using (n), (select $2::int8) as x",
	.write = true };

static void encode(const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct entry *e = container_of((void *)item, struct entry, item);

	(void)ctx;
	pg_array_i64(&arrays[0], e->n);
}

static void extra(struct pg_params *p, void *ctx)
{
	(void)ctx;
	statements++;
	pg_add_i64(p, 1);
}

static struct pg_batch_kind kind = { .stmt = &store,
	.arrays = 1,
	.elem = { PG_ELEM_I64 },
	.encode = encode,
	.extra = extra };

static void entry_done(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	struct entry *entry = container_of(item, struct entry, item);

	entry->ended++;
	entry->e = e;
	ended++;
	if (e == ERR_OK)
		entry->stored = pg_i64(rows, row, 1);
	CHECK((e == ERR_OK) == (rows != NULL));
}

static void begin(void)
{
	pg_asks_begin();
	pg_server_exec(server,
		"drop table if exists numbers;"
		"create table numbers (n int8 primary key check (n <> 13))");
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	pg_asks_wait_up();
	batch = pg_batch_open(&loop, pg, &kind, NULL);
	ended = statements = 0;
}

static void end(void)
{
	pg_batch_free(&batch);
	pg_asks_end();
}

static struct entry *entries_new(int count)
{
	struct entry *entries = calloc((size_t)count, sizeof *entries);

	for (int i = 0; i < count; i++) {
		entries[i].item.done = entry_done;
		entries[i].n = i;
	}
	return entries;
}

static void add_all(struct entry *entries, int count)
{
	for (int i = 0; i < count; i++)
		pg_batch_add(batch, &entries[i].item);
}

TEST(items_of_one_turn_travel_together)
{
	struct entry *entries = entries_new(10);

	begin();
	add_all(entries, 10);
	CHECK_INT(pg_batch_waiting(batch), 10);
	TURN_UNTIL(&loop, ended == 10);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(entries[i].e, ERR_OK);
		CHECK_INT(entries[i].stored, i);
	}
	CHECK_INT(statements, 1);
	free(entries);
	end();
}

/* Every statement takes `seconds` from now on. */
static void slow_down(const char *seconds)
{
	char sql[256];

	snprintf(sql, sizeof sql,
		"create or replace function wait_here() returns trigger language plpgsql as"
		" $$ begin perform pg_sleep(%s); return null; end $$;"
		"create trigger slow before insert on numbers execute function wait_here()",
		seconds);
	pg_server_exec(server, sql);
}

TEST(items_gather_while_the_lanes_are_busy)
{
	struct entry *entries = entries_new(6);

	begin();
	slow_down("0.1");
	for (int i = 0; i < 6; i++) {
		pg_batch_add(batch, &entries[i].item);
		turn_once(&loop);
	}
	CHECK_INT(statements, 2);
	CHECK_INT(pg_batch_waiting(batch), 4);
	TURN_UNTIL(&loop, ended == 6);
	CHECK_INT(statements, 3);
	free(entries);
	end();
}

TEST(a_bad_item_fails_alone)
{
	struct entry *entries = entries_new(300);

	begin();
	add_all(entries, 300);
	TURN_UNTIL(&loop, ended == 300);
	for (int i = 0; i < 300; i++) {
		CHECK_INT(entries[i].ended, 1);
		CHECK_INT(entries[i].e, i == 13 ? ERR_INVALID : ERR_OK);
		CHECK(i == 13 || entries[i].stored == i);
	}
	CHECK_INT(pg_server_int(server, "select count(*) from numbers"), 299);
	CHECK(statements < 40); /* groups, not 300 single ones */
	free(entries);
	end();
}

TEST(bad_items_have_their_own_errors)
{
	struct entry *entries = entries_new(20);

	begin();
	pg_server_exec(server, "insert into numbers values (5)");
	entries[7].n = -1;
	add_all(entries, 20);
	TURN_UNTIL(&loop, ended == 20);
	for (int i = 0; i < 20; i++)
		CHECK_INT(entries[i].e, i == 5    ? ERR_CONFLICT
					: i == 7  ? ERR_NOT_FOUND
					: i == 13 ? ERR_INVALID
						  : ERR_OK);
	free(entries);
	end();
}

TEST(ten_thousand_items)
{
	struct entry *entries = entries_new(10000);
	int good = 0;

	begin();
	add_all(entries, 10000);
	TURN_UNTIL(&loop, ended == 10000);
	for (int i = 0; i < 10000; i++)
		good += entries[i].e == ERR_OK && entries[i].stored == i &&
			entries[i].ended == 1;
	CHECK_INT(good, 9999);
	CHECK_INT(pg_server_int(server, "select count(*) from numbers"), 9999);
	free(entries);
	end();
}

TEST(there_is_a_bound_to_waiting)
{
	struct entry *entries = entries_new(12);

	kind.wait_max = 10;
	begin();
	kind.wait_max = 0;
	for (int i = 0; i < 12; i++)
		entries[i].n += 100;
	add_all(entries, 12);
	CHECK_INT(ended, 0); /* not from within */
	TURN_UNTIL(&loop, ended == 12);
	for (int i = 0; i < 12; i++)
		CHECK_INT(entries[i].e, i < 10 ? ERR_OK : ERR_BUSY);
	free(entries);
	end();
}

TEST(a_lost_link_leaves_all_unsure)
{
	struct entry *entries = entries_new(30), *later = entries_new(2);

	begin();
	slow_down("10");
	add_all(entries, 30);
	turn_for_ms(&loop, 20);
	pg_server_kill_backends(server);
	TURN_UNTIL(&loop, ended == 30);
	for (int i = 0; i < 30; i++) {
		CHECK_INT(entries[i].e, ERR_UNSURE);
		CHECK_INT(entries[i].ended, 1);
	}
	CHECK_INT(statements, 1); /* not sent a second time */

	pg_server_exec(server, "drop trigger slow on numbers");
	pg_asks_wait_up();
	add_all(later, 2);
	TURN_UNTIL(&loop, ended == 32);
	CHECK_INT(later[0].e, ERR_OK);
	CHECK_INT(later[1].e, ERR_OK);
	free(entries);
	free(later);
	end();
}

TEST(no_server_is_said_at_once)
{
	struct entry *entries = entries_new(2000);

	begin();
	pg_server_down(server);
	TURN_UNTIL(&loop, !pg_is_up(pg));
	add_all(entries, 2000);
	turn_once(&loop);
	CHECK_INT(ended, 2000);
	for (int i = 0; i < 2000; i++)
		CHECK_INT(entries[i].e, ERR_UNAVAILABLE);
	pg_server_up(server);
	free(entries);
	end();
}

TEST(freed_while_under_way_it_still_tells)
{
	struct entry *entries = entries_new(600);

	begin();
	add_all(entries, 600);
	turn_once(&loop);
	pg_batch_free(&batch);
	TURN_UNTIL(&loop, ended == 600);
	CHECK_INT(entries[13].e, ERR_INVALID);
	CHECK_INT(entries[599].e, ERR_OK);
	free(entries);
	end();
}
