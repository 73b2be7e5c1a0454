/*
 * pg_bench - calls per second, and this process's own CPU time per call.
 *
 * pg_bench [URL]     a database to use; none: a server of its own, which syncs nothing to
 * disk
 *
 * A select by key with so many callers at a time (each asks again when it is answered),
 * and inserts in batches. The table bench_pg is made and dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "data/pg_batch.h"
#include "tests/lib/pg_server.h"

#define KEYS   10000
#define FOR_MS 2000

static struct loop loop;
static struct pg *pg;
static struct pg_batch *batch;
static bool over;
static uint64_t answered, failed;

static const struct pg_stmt find = { "bench_find",
	"select n, t from bench_pg where n = $1::int8" };
static const struct pg_stmt store = { "bench_store",
	"with i as (select (nth - 1)::int4 as i, n, t from unnest($1::int8[], $2::text[])"
	"  with ordinality as u(n, t, nth)),"
	" s as (insert into bench_pg select n, t from i)"
	" select i from i",
	.write = true };

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void on_over(struct timer *timer)
{
	over = true;
	timer_close(timer, NULL);
}

/* Runs the callers until the time is over and the last answer has come. */
static void measure(const char *what, unsigned callers)
{
	static struct timer timer;
	uint64_t began_us, cpu_began_us;

	over = false;
	answered = failed = 0;
	timer_open(&loop, &timer, on_over);
	timer_start(&timer, FOR_MS, 0);
	began_us = clock_mono_us();
	cpu_began_us = cpu_us();
	while (!over || pg_in_flight(pg))
		loop_turn(&loop, true);
	began_us = clock_mono_us() - began_us;
	cpu_began_us = cpu_us() - cpu_began_us;
	printf("%-22s %6u at a time  %9.0f /s  %6.2f us CPU each%s\n", what, callers,
		(double)answered * 1e6 / (double)began_us,
		(double)cpu_began_us / (double)(answered ? answered : 1),
		failed ? "  SOME FAILED" : "");
}

/* ---- select by key ---- */

struct caller {
	struct pg_call call;
	struct pg_params params;
	int64_t key;
};

static void found(struct pg_call *call, enum err e, const struct pg_rows *rows);

static void look(struct caller *c)
{
	c->key = (c->key * 7 + 1) % KEYS;
	c->params.n = 0;
	pg_add_i64(&c->params, c->key);
	c->call.stmt = &find;
	c->call.params = &c->params;
	c->call.done = found;
	pg_send(pg, &c->call);
}

static void found(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct caller *c = container_of(call, struct caller, call);

	answered++;
	failed += e != ERR_OK || pg_count(rows) != 1 || pg_i64(rows, 0, 0) != c->key;
	if (!over)
		look(c);
}

static void bench_find(unsigned callers)
{
	struct caller *all = calloc(callers, sizeof *all);

	for (unsigned i = 0; i < callers; i++) {
		all[i].key = i;
		look(&all[i]);
	}
	measure("select by key", callers);
	free(all);
}

/* ---- inserts in batches ---- */

struct writer {
	struct pg_batch_item item;
	int64_t n;
};
static int64_t next_n = KEYS;

static void encode(const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct writer *w = container_of((void *)item, struct writer, item);

	(void)ctx;
	pg_array_i64(&arrays[0], w->n);
	pg_array_text(&arrays[1], STR("some forty bytes of text, like a message"));
}

static const struct pg_batch_kind kind = {
	.stmt = &store,
	.arrays = 2,
	.elem = { PG_ELEM_I64, PG_ELEM_TEXT },
	.encode = encode,
};

static void stored(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	struct writer *w = container_of(item, struct writer, item);

	(void)rows;
	(void)row;
	answered++;
	failed += e != ERR_OK;
	if (over)
		return;
	w->n = next_n++;
	pg_batch_add(batch, &w->item);
}

static void bench_store(unsigned callers)
{
	struct writer *all = calloc(callers, sizeof *all);

	for (unsigned i = 0; i < callers; i++) {
		all[i].item.done = stored;
		all[i].n = next_n++;
		pg_batch_add(batch, &all[i].item);
	}
	measure("insert, batched", callers);
	free(all);
}

/* ---- all of it ---- */

static void ignore(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	(void)rows;
	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", call->stmt->name, err_name(e));
		exit(1);
	}
}

static const struct pg_stmt
	drop = { "bench_drop", "drop table if exists bench_pg", .write = true },
	create = { "bench_create",
		"create table bench_pg (n int8 primary key, t text not null)",
		.write = true },
	fill = { "bench_fill",
		"insert into bench_pg select n, 'text ' || n from "
		" generate_series(0, 9999) n",
		.write = true },
	analyze = { "bench_analyze", "analyze bench_pg", .write = true };

static void run(const struct pg_stmt *stmt)
{
	struct pg_call call = { .stmt = stmt, .done = ignore };

	pg_send(pg, &call);
	while (pg_in_flight(pg))
		loop_turn(&loop, true);
}

static void closed(void *ctx)
{
	(void)ctx;
}

int main(int argc, char **argv)
{
	struct pg_server *server = argc > 1 ? NULL : pg_server_start();
	const char *url = server ? pg_server_url(server, "postgres") : argv[1];

	log_least = LOG_WARN;
	loop_init(&loop);
	pg = pg_open(
		&(struct pg_options){ .loop = &loop, .url = url, .app_name = "pg_bench" });
	run(&drop);
	run(&create);
	run(&fill);
	run(&analyze);
	batch = pg_batch_open(&loop, pg, &kind, NULL);
	for (unsigned callers = 1; callers <= 1000; callers *= 10)
		bench_find(callers);
	for (unsigned callers = 1; callers <= 1000; callers *= 10)
		bench_store(callers);
	run(&drop);
	pg_batch_free(&batch);
	pg_close(&pg, closed, NULL);
	loop_run(&loop);
	loop_fini(&loop);
	pg_server_stop(&server);
	return 0;
}
