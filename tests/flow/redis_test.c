#include "data/redis.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "data/redis_conn.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/turns.h"

static struct loop loop;
static struct redis_server server;

/* What came back, for any number of commands. */
static struct {
	int ended, ok, unsure, unavailable, other;
	enum err last;
	int64_t last_int, in_order; /* integers that came as 1, 2, 3, ... */
	struct buf last_text;
	size_t last_count;
} seen;

static void note(void *ctx, enum err e, const struct redis_value *v)
{
	(void)ctx;
	seen.ended++;
	seen.last = e;
	seen.ok += e == ERR_OK;
	seen.unsure += e == ERR_UNSURE;
	seen.unavailable += e == ERR_UNAVAILABLE;
	seen.other += e != ERR_OK && e != ERR_UNSURE && e != ERR_UNAVAILABLE;
	if (!v)
		return;
	if (v->kind == REDIS_INT && v->i == seen.in_order + 1)
		seen.in_order++;
	seen.last_int = v->i;
	seen.last_count = v->count;
	buf_clear(&seen.last_text);
	if (v->s.len)
		buf_add_str(&seen.last_text, v->s);
}

static void forget(void)
{
	buf_fini(&seen.last_text);
	memset(&seen, 0, sizeof seen);
}

static void begin(const char *const *options)
{
	forget();
	redis_patience_ms = 3000;
	loop_init(&loop);
	redis_server_start(&server, options);
}

static struct redis *open_up(const char *url)
{
	struct redis *r = redis_open(&loop, url, "test");

	TURN_UNTIL(&loop, redis_is_up(r));
	return r;
}

static void end(struct redis *r)
{
	if (r)
		redis_close(&r, NULL, NULL);
	loop_run(&loop);
	loop_fini(&loop);
	redis_server_stop(&server);
	forget();
}

/* One command and its answer. */
static enum err ask(struct redis *r, struct redis_cmd cmd)
{
	int before = seen.ended;

	redis_send(r, &cmd, note, NULL);
	CHECK_INT(seen.ended, before); /* never within the call */
	TURN_UNTIL(&loop, seen.ended > before);
	return seen.last;
}

static void count_up(void *ctx)
{
	++*(int *)ctx;
}

TEST(ten_thousand_in_one_turn_answer_in_order)
{
	struct redis *r;
	long long reads;

	begin(NULL);
	r = open_up(server.url);
	for (int i = 0; i < 10000; i++)
		redis_send(r, &REDIS_CMD(STR("INCR"), STR("n")), note, NULL);
	TURN_UNTIL(&loop, seen.ended == 10000);
	CHECK_INT(seen.in_order, 10000);
	CHECK_INT(ask(r, REDIS_CMD(STR("INFO"), STR("stats"))), ERR_OK);
	reads = strtoll(
		strstr(buf_cstr(&seen.last_text), "total_reads_processed:") + 22, NULL, 10);
	CHECK(reads > 0 && reads < 200); /* 260 kB, of which Redis reads 16 kB at a time */
	end(r);
}

TEST(any_bytes_are_arguments)
{
	static char large[1 << 20];
	struct str odd = str_span("\0\r\n$3\r\n%s\xff", 10), key = STR("k\0k");
	struct redis *r;

	begin(NULL);
	r = open_up(server.url);
	CHECK_INT(ask(r, REDIS_CMD(STR("SET"), key, odd)), ERR_OK);
	CHECK_INT(ask(r, REDIS_CMD(STR("GET"), key)), ERR_OK);
	CHECK_STR(buf_str(&seen.last_text), odd);
	CHECK_INT(ask(r, REDIS_CMD(STR("SET"), STR(""), STR_NONE)), ERR_OK);
	CHECK_INT(ask(r, REDIS_CMD(STR("GET"), STR_NONE)), ERR_OK);
	CHECK_INT(seen.last_text.len, 0);
	random_bytes(large, sizeof large);
	ask(r, REDIS_CMD(STR("SET"), STR("large"), str_span(large, sizeof large)));
	ask(r, REDIS_CMD(STR("GET"), STR("large")));
	CHECK_STR(buf_str(&seen.last_text), str_span(large, sizeof large));
	end(r);
}

TEST(error_answers)
{
	struct redis *r;

	begin(NULL);
	r = open_up(server.url);
	ask(r, REDIS_CMD(STR("SET"), STR("text"), STR("x")));
	CHECK_INT(ask(r, REDIS_CMD(STR("INCR"), STR("text"))), ERR_INTERNAL);
	CHECK(str_starts(buf_str(&seen.last_text), STR("ERR value is not an integer")));
	ask(r, REDIS_CMD(STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("1")));
	CHECK_INT(ask(r, REDIS_CMD(STR("SET"), STR("a"), STR("b"))), ERR_UNAVAILABLE);
	CHECK(redis_is_up(r));
	end(r);
}

TEST(offline_ends_at_once_but_later)
{
	struct redis *r;
	int ups = 0;

	begin(NULL);
	redis_server_kill(&server);
	r = redis_open(&loop, server.url, "test");
	redis_on_up(r, count_up, &ups);
	CHECK_INT(ask(r, REDIS_CMD(STR("PING"))), ERR_UNAVAILABLE);
	turn_for_ms(&loop, 100);
	CHECK_INT(ask(r, REDIS_CMD(STR("PING"))), ERR_UNAVAILABLE);
	redis_server_restart(&server);
	TURN_UNTIL(&loop, redis_is_up(r));
	CHECK_INT(ups, 1);
	CHECK_INT(ask(r, REDIS_CMD(STR("PING"))), ERR_OK);
	redis_on_up(r, count_up, &ups); /* late, and told all the same */
	TURN_UNTIL(&loop, ups == 2);
	end(r);
}

TEST(killed_in_mid_flight)
{
	struct redis *r;
	int ups = 0;

	begin(NULL);
	r = redis_open(&loop, server.url, "test");
	redis_on_up(r, count_up, &ups);
	TURN_UNTIL(&loop, ups == 1);
	redis_server_freeze(&server);
	for (int i = 0; i < 1000; i++)
		redis_send(r, &REDIS_CMD(STR("INCR"), STR("n")), note, NULL);
	turn_for_ms(&loop, 20);
	CHECK_INT(seen.ended, 0);
	redis_server_kill(&server);
	TURN_UNTIL(&loop, seen.ended == 1000);
	CHECK_INT(seen.unsure, 1000);
	CHECK(!redis_is_up(r));
	redis_server_restart(&server);
	TURN_UNTIL(&loop, ups == 2);
	CHECK_INT(ask(r, REDIS_CMD(STR("INCR"), STR("n"))), ERR_OK);
	CHECK_INT(seen.last_int, 1);
	CHECK_INT(seen.ended, 1001);
	end(r);
}

TEST(what_was_not_sent_is_known_not_to_have_run)
{
	static char kilobytes[65536];
	struct redis *r;

	begin(NULL);
	r = open_up(server.url);
	redis_server_freeze(&server);
	for (int i = 0; i < 400; i++)
		redis_send(r,
			&REDIS_CMD(STR("SET"), STR("k"),
				str_span(kilobytes, sizeof kilobytes)),
			note, NULL);
	turn_for_ms(&loop, 20);
	redis_server_kill(&server);
	TURN_UNTIL(&loop, seen.ended == 400);
	CHECK(seen.unsure > 0 && seen.unavailable > 0);
	CHECK_INT(seen.unsure + seen.unavailable, 400);
	CHECK_INT(seen.last, ERR_UNAVAILABLE);
	end(r);
}

TEST(frozen_server_hangs_nobody)
{
	struct redis *r;

	begin(NULL);
	redis_patience_ms = 300;
	r = open_up(server.url);
	redis_server_freeze(&server);
	for (int i = 0; i < 10; i++)
		redis_send(r, &REDIS_CMD(STR("PING")), note, NULL);
	TURN_UNTIL(&loop, seen.ended == 10);
	CHECK_INT(seen.unsure, 10);
	CHECK_INT(ask(r, REDIS_CMD(STR("PING"))), ERR_UNAVAILABLE);
	redis_server_thaw(&server);
	TURN_UNTIL(&loop, redis_is_up(r));
	CHECK_INT(ask(r, REDIS_CMD(STR("PING"))), ERR_OK);
	end(r);
}

TEST(a_quiet_link_that_died_is_found_without_a_command)
{
	struct redis *r;

	begin(NULL);
	redis_patience_ms = 300;
	r = open_up(server.url);
	redis_server_freeze(&server);
	TURN_UNTIL(&loop, !redis_is_up(r));
	redis_server_thaw(&server);
	TURN_UNTIL(&loop, redis_is_up(r));
	end(r);
}

TEST(closing_ends_what_is_in_hand)
{
	struct redis *r;
	int closed = 0;

	begin(NULL);
	r = open_up(server.url);
	redis_server_freeze(&server);
	redis_send(r, &REDIS_CMD(STR("PING")), note, NULL);
	turn_for_ms(&loop, 5);
	redis_send(r, &REDIS_CMD(STR("PING")), note, NULL);
	redis_close(&r, count_up, &closed);
	CHECK(!r);
	CHECK_INT(seen.ended, 0);
	TURN_UNTIL(&loop, closed == 1);
	CHECK_INT(seen.ended, 2);
	end(NULL);
}

/* Two links: one closes the other within its own callback. */
static struct redis *victim;

static void close_victim(void *ctx, enum err e, const struct redis_value *v)
{
	note(ctx, e, v);
	if (victim)
		redis_close(&victim, NULL, NULL);
}

TEST(closing_within_a_callback)
{
	begin(NULL);
	victim = open_up(server.url);
	for (int i = 0; i < 100; i++)
		redis_send(victim, &REDIS_CMD(STR("PING")), close_victim, NULL);
	TURN_UNTIL(&loop, seen.ended == 100);
	CHECK_INT(seen.ok, 1);
	CHECK_INT(seen.unsure, 99);
	end(NULL);
}

/* ---- scripts ---- */

static struct redis_script add = { .name = "add",
	.lua = "return redis.call('INCRBY', KEYS[1], ARGV[1]) + tonumber(ARGV[2])" };

TEST(scripts_are_loaded_when_the_server_lacks_them)
{
	struct redis_cmd args = REDIS_CMD(STR("n"), STR("1"), STR("0"));
	struct redis *r;

	begin(NULL);
	r = open_up(server.url);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 50; i++)
			redis_send_eval(r, &add, 1, &args, note, NULL);
		TURN_UNTIL(&loop, seen.ended == 50 * (round + 1));
		CHECK_INT(seen.in_order, 50 * (round + 1));
		redis_server_do(&server, "SCRIPT FLUSH");
	}
	redis_send_eval(r, &add, 1, &REDIS_CMD(STR("n"), STR("x"), STR("0")), note, NULL);
	TURN_UNTIL(&loop, seen.ended == 101);
	CHECK_INT(seen.last, ERR_INTERNAL);
	redis_server_kill(&server);
	redis_send_eval(r, &add, 1, &args, note, NULL);
	TURN_UNTIL(&loop, seen.ended == 102);
	CHECK(seen.last == ERR_UNSURE || seen.last == ERR_UNAVAILABLE);
	end(r);
}

/* ---- from a task ---- */

static struct {
	int64_t n;
	enum err too_late, wrong, ended;
} told;

static enum err read_int(struct task *t, const struct redis_value *v, void *into)
{
	(void)t;
	if (v->kind != REDIS_INT)
		return ERR_NOT_FOUND;
	*(int64_t *)into = v->i;
	return ERR_OK;
}

static outcome_t step_end(struct task *t, enum err e)
{
	told.too_late = e;
	told.ended = ERR_OK;
	return task_end(t);
}

static outcome_t step_late(struct task *t, enum err e)
{
	told.wrong = e;
	t->deadline_ms = 1;
	return redis_run(t, &REDIS_CMD(STR("PING")), NULL, NULL, step_end);
}

static outcome_t step_wrong(struct task *t, enum err e)
{
	CHECK_INT(e, ERR_OK);
	return redis_run(t, &REDIS_CMD(STR("PING")), read_int, &told.n, step_late);
}

static outcome_t step_first(struct task *t, enum err e)
{
	CHECK_INT(e, ERR_OK);
	return redis_eval(t, &add, 1, &REDIS_CMD(STR("n"), STR("3"), STR("4")), read_int,
		&told.n, step_wrong);
}

TEST(tasks_wait_for_answers)
{
	static struct app app;

	begin(NULL);
	loop_fini(&loop);
	loop_init(&app.loop);
	app.redis = redis_open(&app.loop, server.url, "test");
	TURN_UNTIL(&app.loop, redis_is_up(app.redis));
	told.ended = ERR_BUSY;
	task_start(&app, step_first, NULL);
	TURN_UNTIL(&app.loop, told.ended == ERR_OK);
	CHECK_INT(told.n, 7);
	CHECK_INT(told.wrong, ERR_NOT_FOUND);
	CHECK_INT(told.too_late, ERR_TIMEOUT);
	redis_close(&app.redis, NULL, NULL);
	loop_run(&app.loop);
	loop_fini(&app.loop);
	loop_init(&loop);
	end(NULL);
}

/* ---- ways to get there ---- */

TEST(database_and_unix_socket)
{
	char url[160];
	struct redis *r;

	begin(NULL);
	snprintf(url, sizeof url, "%s?db=3", server.unix_url);
	r = open_up(url);
	CHECK_INT(ask(r, REDIS_CMD(STR("SET"), STR("a"), STR("b"))), ERR_OK);
	CHECK(memmem(redis_server_do(&server, "INFO keyspace").ptr, 100, "db3:keys=1", 10));
	CHECK(memmem(redis_server_do(&server, "CLIENT LIST").ptr, 300, "name=test", 9));
	end(r);
}

TEST(names_are_looked_up_and_each_address_tried)
{
	char url[80];
	struct redis *r, *lost;

	begin(NULL);
	snprintf(url, sizeof url, "redis://localhost:%d", server.port);
	r = open_up(url);
	lost = redis_open(&loop, "redis://no-such-host.invalid", "test");
	turn_for_ms(&loop, 50);
	CHECK(!redis_is_up(lost));
	redis_close(&lost, NULL, NULL);
	end(r);
}

TEST(passwords)
{
	static const char *const options[] = { "--requirepass", "p@ss", "--user", "chat",
		"on", ">word", "~*", "&*", "+@all", NULL };
	char url[80];
	struct redis *r, *wrong;

	begin(options);
	snprintf(url, sizeof url, "redis://:p%%40ss@127.0.0.1:%d/1", server.port);
	r = open_up(url);
	CHECK_INT(ask(r, REDIS_CMD(STR("PING"))), ERR_OK);
	redis_close(&r, NULL, NULL);
	snprintf(url, sizeof url, "redis://chat:word@127.0.0.1:%d", server.port);
	r = open_up(url);
	CHECK_INT(ask(r, REDIS_CMD(STR("ACL"), STR("WHOAMI"))), ERR_OK);
	CHECK_STR(buf_str(&seen.last_text), STR("chat"));
	snprintf(url, sizeof url, "redis://chat:wrong@127.0.0.1:%d", server.port);
	wrong = redis_open(&loop, url, "wrong");
	turn_for_ms(&loop, 100);
	CHECK(!redis_is_up(wrong));
	redis_close(&wrong, NULL, NULL);
	wrong = redis_open(&loop, server.url, "none");
	turn_for_ms(&loop, 100);
	CHECK(!redis_is_up(wrong));
	redis_close(&wrong, NULL, NULL);
	end(r);
}
