#include "data/jobq.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "data/redis_conn.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/turns.h"

static struct loop loop;
static struct redis_server server;
static struct redis *adder;
static const char *const both[] = { "{q}:first", "{q}:second", NULL };

/* A worker: what it took, and how much more it would. */
struct worker {
	struct jobq *q;
	unsigned room;
	bool ack;
	struct buf took; /* bodies, each followed by a space */
	int count;
	char last_stream[16], last_id[48];
	uint64_t last_us;
};

static unsigned room(void *ctx)
{
	return ((struct worker *)ctx)->room;
}

static void take(void *ctx, const struct job *j)
{
	struct worker *w = ctx;

	buf_add_str(&w->took, j->body);
	buf_add_char(&w->took, ' ');
	w->count++;
	w->room--;
	w->last_us = clock_mono_us();
	snprintf(w->last_stream, sizeof w->last_stream, "%s", j->stream);
	snprintf(w->last_id, sizeof w->last_id, "%.*s", STR_ARG(j->entry_id));
	if (w->ack)
		jobq_ack(w->q, j->stream, j->entry_id);
}

static void open_worker(
	struct worker *w, const char *name, unsigned with_room, uint64_t idle_ms)
{
	*w = (struct worker){ .room = with_room, .ack = true };
	w->q = jobq_open(&(struct jobq_options){ .loop = &loop,
		.url = server.url,
		.redis = adder,
		.streams = both,
		.group = "workers",
		.consumer = name,
		.idle_ms = idle_ms,
		.room = room,
		.take = take,
		.ctx = w });
}

static void is_closed(void *ctx)
{
	*(bool *)ctx = true;
}

static void close_worker(struct worker *w)
{
	bool closed = false;

	jobq_close(&w->q, is_closed, &closed);
	TURN_UNTIL(&loop, closed);
	buf_fini(&w->took);
}

static void begin(void)
{
	redis_patience_ms = 3000;
	loop_init(&loop);
	redis_server_start(&server, NULL);
	adder = redis_open(&loop, server.url, "adder");
	TURN_UNTIL(&loop, redis_is_up(adder));
}

static void end(void)
{
	redis_close(&adder, NULL, NULL);
	loop_run(&loop);
	loop_fini(&loop);
	redis_server_stop(&server);
}

static void add(const char *stream, const char *prefix, int from, int to)
{
	char body[32];

	for (int i = from; i <= to; i++) {
		snprintf(body, sizeof body, "%s%d", prefix, i);
		jobq_add(adder, stream, str_of(body));
	}
}

static long long pending(const char *stream)
{
	struct str answer = redis_server_do(&server, "XPENDING %s workers", stream);

	return answer.len > 4 && str_starts(answer, STR("*4\r\n:"))
		       ? strtoll(answer.ptr + 5, NULL, 10)
		       : -1;
}

static long long length(const char *stream)
{
	char command[64];

	snprintf(command, sizeof command, "XLEN %s", stream);
	return redis_server_int(&server, command);
}

TEST(jobs_come_in_order_and_are_gone_when_acked)
{
	struct worker w;
	struct buf want = { 0 };

	begin();
	add(both[0], "", 0, 99); /* before anybody listens */
	open_worker(&w, "w", 1000, 30000);
	TURN_UNTIL(&loop, w.count == 100);
	add(both[0], "", 100, 299);
	TURN_UNTIL(&loop, w.count == 300);
	for (int i = 0; i < 300; i++)
		buf_addf(&want, "%d ", i);
	CHECK_STR(buf_str(&w.took), buf_str(&want));
	TURN_UNTIL(&loop, length(both[0]) == 0);
	CHECK_INT(pending(both[0]), 0);
	buf_fini(&want);
	close_worker(&w);
	end();
}

TEST(closing_leaves_the_group)
{
	struct worker w, other;

	begin();
	open_worker(&w, "w", 10, 30000);
	open_worker(&other, "other", 10, 30000);
	add(both[0], "a", 1, 1);
	TURN_UNTIL(&loop, w.count + other.count == 1);
	close_worker(&w);
	CHECK(memmem(redis_server_do(&server, "XINFO GROUPS %s", both[0]).ptr, 60,
		"consumers\r\n:1\r\n", 14));
	close_worker(&other);
	CHECK_INT(length(both[0]), 0);
	end();
}

TEST(no_more_than_there_is_room_for)
{
	struct worker w;

	begin();
	add(both[0], "a", 1, 50);
	add(both[1], "b", 1, 50);
	open_worker(&w, "w", 0, 30000);
	w.ack = false;
	turn_for_ms(&loop, 50);
	CHECK_INT(w.count, 0);
	CHECK_INT(length(both[0]), 50);
	for (int more = 1; more <= 7; more++) {
		int before = w.count;

		w.room = (unsigned)more;
		jobq_more(w.q);
		TURN_UNTIL(&loop, w.count == before + more);
		turn_for_ms(&loop, 10);
		CHECK_INT(w.count, before + more);
		/* What others could do is left to them. */
		CHECK_INT(pending(both[0]) + pending(both[1]), w.count);
	}
	close_worker(&w);
	end();
}

TEST(first_stream_is_preferred_and_the_second_does_not_starve)
{
	struct worker w;
	int firsts = 0, seconds = 0;

	begin();
	add(both[0], "a", 1, 40);
	add(both[1], "b", 1, 40);
	open_worker(&w, "w", 0, 30000);
	for (int i = 1; i <= 40; i++) {
		w.room = 1;
		jobq_more(w.q);
		TURN_UNTIL(&loop, w.count == i);
		*(w.last_stream[4] == 'f' ? &firsts : &seconds) += 1;
	}
	CHECK_INT(firsts, 30);
	CHECK_INT(seconds, 10);
	w.room = 1000;
	jobq_more(w.q);
	TURN_UNTIL(&loop, w.count == 80);
	close_worker(&w);
	end();
}

TEST(a_lone_slot_still_waits_on_both_streams)
{
	struct worker w;

	begin();
	open_worker(&w, "w", 1, 30000);
	TURN_UNTIL(&loop, jobq_is_up(w.q));
	turn_for_ms(&loop, 20);
	add(both[1], "b", 1, 1);
	TURN_UNTIL(&loop, w.count == 1);
	w.room = 1;
	jobq_more(w.q);
	turn_for_ms(&loop, 20);
	add(both[0], "a", 1, 1);
	TURN_UNTIL(&loop, w.count == 2);
	CHECK_STR(buf_str(&w.took), STR("b1 a1 "));
	close_worker(&w);
	end();
}

TEST(emptied_redis)
{
	struct worker w;

	begin();
	open_worker(&w, "w", 100, 30000);
	add(both[0], "a", 1, 3);
	TURN_UNTIL(&loop, w.count == 3);
	for (int i = 0; i < 3; i++) {
		int before = w.count;

		redis_server_do(&server, "FLUSHALL");
		add(both[0], "a", 1, 2);
		add(both[1], "b", 1, 2);
		TURN_UNTIL(&loop, w.count == before + 4);
	}
	close_worker(&w);
	end();
}

TEST(killed_and_restarted_empty)
{
	struct worker w;

	begin();
	open_worker(&w, "w", 100, 30000);
	add(both[0], "a", 1, 3);
	TURN_UNTIL(&loop, w.count == 3);
	redis_server_kill(&server);
	TURN_UNTIL(&loop, !jobq_is_up(w.q));
	jobq_add(adder, both[0], STR("lost"));
	redis_server_restart(&server);
	TURN_UNTIL(&loop, jobq_is_up(w.q) && redis_is_up(adder));
	add(both[1], "b", 1, 3);
	TURN_UNTIL(&loop, w.count == 6);
	CHECK_STR(buf_str(&w.took), STR("a1 a2 a3 b1 b2 b3 "));
	close_worker(&w);
	end();
}

/* The link breaks while entries are given out: they come again when it is back. */
TEST(given_out_but_never_received)
{
	struct worker w;

	begin();
	open_worker(&w, "w", 100, 30000);
	w.ack = false;
	add(both[0], "a", 1, 2);
	TURN_UNTIL(&loop, w.count == 2);
	redis_server_do(&server, "XADD %s * j c1", both[0]);
	redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
	redis_server_do(&server, "XADD %s * j c2", both[0]);
	redis_server_do(
		&server, "XREADGROUP GROUP workers w COUNT 9 STREAMS %s >", both[0]);
	TURN_UNTIL(&loop, w.count == 4);
	turn_for_ms(&loop, 20);
	CHECK_STR(buf_str(&w.took), STR("a1 a2 c1 c2 "));
	close_worker(&w);
	end();
}

TEST(dead_consumers_jobs_are_taken_over)
{
	struct worker w;

	begin();
	redis_server_do(&server, "XGROUP CREATE %s workers 0 MKSTREAM", both[0]);
	for (int i = 0; i < 30; i++)
		redis_server_do(&server, "XADD %s * j d%d", both[0], i);
	redis_server_do(
		&server, "XREADGROUP GROUP workers dead COUNT 30 STREAMS %s >", both[0]);
	CHECK_INT(pending(both[0]), 30);
	open_worker(&w, "w", 1000, 150);
	TURN_UNTIL(&loop, w.count == 30);
	TURN_UNTIL(&loop, length(both[0]) == 0);
	close_worker(&w);
	end();
}

TEST(jobs_in_hand_are_not_taken_over)
{
	struct worker slow, other;

	begin();
	open_worker(&slow, "slow", 5, 300);
	slow.ack = false;
	add(both[0], "a", 1, 5);
	TURN_UNTIL(&loop, slow.count == 5);
	open_worker(&other, "other", 100, 300);
	turn_for_ms(&loop, 900);
	CHECK_INT(other.count, 0);
	CHECK_INT(slow.count, 5);
	jobq_give_back(slow.q, slow.last_stream, str_of(slow.last_id));
	TURN_UNTIL(&loop, other.count == 1);
	CHECK_STR(buf_str(&other.took), STR("a5 "));
	close_worker(&slow);
	TURN_UNTIL(&loop, other.count == 5); /* nobody says it lives any more */
	close_worker(&other);
	CHECK_INT(length(both[0]), 0);
	end();
}

TEST(paused_takes_nothing_and_keeps_nothing)
{
	struct worker w, other;

	begin();
	open_worker(&w, "w", 100, 30000);
	add(both[0], "a", 1, 1);
	TURN_UNTIL(&loop, w.count == 1);
	jobq_pause(w.q);
	add(both[0], "b", 1, 20); /* the read that waits may still be given these */
	open_worker(&other, "other", 100, 30000);
	TURN_UNTIL(&loop, other.count == 20);
	CHECK_INT(w.count, 1);
	close_worker(&w);
	close_worker(&other);
	CHECK_INT(length(both[0]), 0);
	end();
}

TEST(malformed_entries_are_dropped)
{
	struct worker w;

	begin();
	redis_server_do(&server, "XADD %s * x y", both[0]);
	redis_server_do(&server, "XADD %s * a b j good", both[0]);
	open_worker(&w, "w", 100, 30000);
	TURN_UNTIL(&loop, w.count == 1);
	CHECK_STR(buf_str(&w.took), STR("good "));
	TURN_UNTIL(&loop, length(both[0]) == 0);
	close_worker(&w);
	end();
}

TEST(closing_while_redis_is_away)
{
	struct worker w;

	begin();
	open_worker(&w, "w", 100, 30000);
	w.ack = false;
	add(both[0], "a", 1, 2);
	TURN_UNTIL(&loop, w.count == 2);
	redis_server_kill(&server);
	close_worker(&w);
	open_worker(&w, "w", 100, 30000);
	close_worker(&w);
	end();
}
