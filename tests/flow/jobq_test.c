#include "data/jobq.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "data/jobq_scripts.h"
#include "data/redis_conn.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/turns.h"

#define KEY "castor:test:{gemini}:jobs"

static struct loop loop;
static struct redis_server server;
static struct redis *redis;
static struct jobq *queue;

/* A worker: what it took, and how much more it would. */
struct worker {
	struct jobq_taker *q;
	struct jobq_model models[3];
	unsigned room;
	bool done_at_once;
	struct buf took;   /* bodies, each followed by a space */
	struct buf called; /* number of the model for each */
	struct uuid last;
	int64_t reckoned; /* for the last */
	int count;
	uint64_t keep_ms; /* 0: 10 s */
	int64_t cap;      /* 0: 100 */
};

static unsigned room(void *ctx)
{
	return ((struct worker *)ctx)->room;
}

static void take(void *ctx, const struct taken_job *j)
{
	struct worker *w = ctx;

	buf_add_str(&w->took, j->body);
	buf_add_char(&w->took, ' ');
	buf_add_char(&w->called, (char)('0' + j->model));
	w->count++;
	w->room--;
	w->last = j->id;
	w->reckoned = j->tokens;
	if (w->done_at_once)
		jobq_done(w->q, &j->id);
}

/* The caller has set what is to differ: room, models. */
static void open_worker(struct worker *w)
{
	unsigned models = 0;

	if (!w->models[0].name)
		w->models[0].name = "m0";
	while (models < 3 && w->models[models].name)
		models++;
	w->q = jobq_taker_open(&(struct jobq_taker_options){ .loop = &loop,
		.url = server.url,
		.redis = redis,
		.key = KEY,
		.client_name = "worker",
		.models = w->models,
		.model_count = models,
		.pro_cap = w->cap ? w->cap : 100,
		.basic_cap = w->cap ? w->cap : 100,
		.keep_ms = w->keep_ms ? w->keep_ms : 10000,
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

	jobq_taker_close(&w->q, is_closed, &closed);
	TURN_UNTIL(&loop, closed);
	buf_fini(&w->took);
	buf_fini(&w->called);
}

static void begin(void)
{
	redis_patience_ms = 3000;
	loop_init(&loop);
	redis_server_start(&server, NULL);
	redis = redis_open(&loop, server.url, "adder");
	queue = jobq_open(&loop, redis, KEY);
	TURN_UNTIL(&loop, redis_is_up(redis));
}

static void end(void)
{
	jobq_close(&queue);
	redis_close(&redis, NULL, NULL);
	loop_run(&loop);
	loop_fini(&loop);
	redis_server_stop(&server);
}

/* Job `n` of user 'a', 'b', ...; the same numbers give the same ids. */
static struct uuid job_id(char user, int n)
{
	struct uuid id = { { 1 } };

	id.b[14] = (unsigned char)user;
	id.b[15] = (unsigned char)n;
	return id;
}

static void add_due(char user, bool is_pro, int n, int64_t due_ms)
{
	char body[16];

	snprintf(body, sizeof body, "%c%d", user, n);
	jobq_add(queue, &(struct job){ .id = job_id(user, n),
				.user_id = { { (unsigned char)user } },
				.is_pro = is_pro,
				.created_ms = 1000 + n,
				.due_ms = due_ms,
				.body = str_of(body) });
}

static void add(char user, bool is_pro, int from, int to)
{
	for (int n = from; n <= to; n++)
		add_due(user, is_pro, n, 0);
}

/* All that was added so far is in. */
static void added(uint64_t n)
{
	TURN_UNTIL(&loop, jobq_added(queue) >= n);
	CHECK_INT(jobq_added(queue), n);
}

static void expect_took(struct worker *w, const char *bodies)
{
	CHECK_STR(buf_str(&w->took), str_of(bodies));
}

/* left("HLEN", "jobs"): of the queue's key. */
static long long left(const char *command, const char *key)
{
	char line[100];

	snprintf(line, sizeof line, "%s castor:test:{gemini}:%s", command, key);
	return redis_server_int(&server, line);
}

TEST(users_take_turns_however_many_jobs_each_has)
{
	struct worker w = { .room = 9, .done_at_once = true };

	begin();
	add('a', false, 1, 5);
	add('b', false, 1, 1);
	add('c', false, 1, 3);
	added(9);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 9);
	expect_took(&w, "a1 b1 c1 a2 c2 a3 c3 a4 a5 ");
	TURN_UNTIL(&loop, left("HLEN", "jobs") == 0);
	CHECK_INT(left("ZCARD", "taken"), 0);
	CHECK_INT(left("HLEN", "run"), 0);
	close_worker(&w);
	end();
}

TEST(pro_goes_ahead_and_every_fifth_is_basics)
{
	struct worker w = { .room = 12, .done_at_once = true };

	begin();
	add('b', false, 1, 3);
	add('p', true, 1, 9);
	added(12);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 12);
	expect_took(&w, "p1 p2 p3 p4 b1 p5 p6 p7 p8 b2 p9 b3 ");
	close_worker(&w);
	end();
}

TEST(a_job_is_in_the_queue_once_however_often_it_is_added)
{
	struct worker w = { .room = 5 };

	begin();
	add('a', false, 1, 2);
	add('a', false, 1, 2);
	added(2);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 2);
	add('a', false, 1, 3); /* two of them are in hand */
	TURN_UNTIL(&loop, w.count == 3);
	expect_took(&w, "a1 a2 a3 ");
	close_worker(&w);
	end();
}

TEST(nobody_has_more_in_hand_than_his_cap)
{
	struct worker w = { .room = 10, .cap = 2 };

	begin();
	add('a', false, 1, 4);
	add('b', false, 1, 1);
	added(5);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 3);
	turn_for_ms(&loop, 50);
	expect_took(&w, "a1 b1 a2 ");
	jobq_done(w.q, &w.last);
	TURN_UNTIL(&loop, w.count == 4);
	turn_for_ms(&loop, 50);
	expect_took(&w, "a1 b1 a2 a3 ");
	close_worker(&w);
	end();
}

TEST(a_job_that_was_put_off_comes_when_it_is_due)
{
	struct worker w = { .room = 10 };

	begin();
	add_due('a', false, 1, clock_wall_us() / 1000 + 300);
	add_due('a', false, 2, clock_wall_us() / 1000 - 300);
	added(2);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 1);
	expect_took(&w, "a2 ");
	TURN_UNTIL(&loop, w.count == 2);
	expect_took(&w, "a2 a1 ");
	close_worker(&w);
	end();
}

TEST(a_job_that_is_given_back_is_taken_again)
{
	struct worker w = { .room = 10 };
	struct uuid id = job_id('a', 1);

	begin();
	add('a', false, 1, 1);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 1);
	jobq_again(w.q, &id, 0);
	TURN_UNTIL(&loop, w.count == 2);
	jobq_again(w.q, &id, 200);
	TURN_UNTIL(&loop, left("ZCARD", "later") == 1);
	CHECK_INT(left("HLEN", "run"), 0);
	TURN_UNTIL(&loop, w.count == 3);
	jobq_done(w.q, &id);
	TURN_UNTIL(&loop, left("HLEN", "jobs") == 0);
	close_worker(&w);
	end();
}

TEST(what_is_not_kept_goes_to_somebody_else)
{
	struct worker dead = { .room = 2, .keep_ms = 300 }, other = { .room = 5 };
	struct uuid kept = job_id('a', 2);

	begin();
	add('a', false, 1, 2);
	added(2);
	open_worker(&dead);
	TURN_UNTIL(&loop, dead.count == 2);
	open_worker(&other);
	while (other.count == 0) { /* the first is not kept */
		jobq_keep(dead.q, &kept);
		turn_for_ms(&loop, 20);
	}
	expect_took(&other, "a1 ");
	turn_for_ms(&loop, 50);
	expect_took(&other, "a1 ");
	close_worker(&dead);
	close_worker(&other);
	end();
}

TEST(a_job_that_is_removed_is_not_taken)
{
	struct worker w = { .room = 5 };
	struct uuid id = job_id('a', 1);

	begin();
	add('a', false, 1, 2);
	added(2);
	jobq_remove(queue, &id);
	TURN_UNTIL(&loop, left("HLEN", "jobs") == 1);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 1);
	turn_for_ms(&loop, 50);
	expect_took(&w, "a2 ");
	close_worker(&w);
	end();
}

TEST(idle_workers_share_a_burst)
{
	struct worker one = { .room = 3 }, two = { .room = 30 };

	begin();
	open_worker(&one);
	open_worker(&two);
	TURN_UNTIL(&loop, jobq_is_up(one.q) && jobq_is_up(two.q));
	add('a', false, 1, 20);
	TURN_UNTIL(&loop, one.count + two.count == 20);
	CHECK(one.count <= 3);
	close_worker(&one);
	close_worker(&two);
	end();
}

TEST(after_flushall_what_is_added_again_is_taken)
{
	struct worker w = { .room = 50, .done_at_once = true };

	begin();
	add('a', false, 1, 3);
	added(3);
	redis_server_do(&server, "FLUSHALL");
	redis_server_do(&server, "SCRIPT FLUSH");
	open_worker(&w);
	turn_for_ms(&loop, 50);
	CHECK_INT(w.count, 0);
	add('a', false, 1, 3);
	TURN_UNTIL(&loop, w.count == 3);
	redis_server_kill(&server);
	turn_for_ms(&loop, 50);
	redis_server_restart(&server);
	TURN_UNTIL(&loop, redis_is_up(redis) && jobq_is_up(w.q));
	add('a', false, 4, 5);
	TURN_UNTIL(&loop, w.count == 5);
	close_worker(&w);
	end();
}

/* One of them has one waiting whenever there is a hand free. */
TEST(who_sends_one_after_the_other_does_not_keep_others_out)
{
	struct worker w = { .room = 0, .done_at_once = true };

	begin();
	add('b', false, 1, 4);
	add('a', false, 1, 1);
	added(5);
	open_worker(&w);
	for (int n = 2; n <= 8; n++) {
		w.room = 1;
		jobq_more(w.q);
		TURN_UNTIL(&loop, w.count == n - 1);
		add('a', false, n, n);
		added(4 + (uint64_t)n);
	}
	expect_took(&w, "a1 b1 a2 b2 a3 b3 a4 ");
	close_worker(&w);
	end();
}

TEST(a_user_whose_tier_has_changed_is_not_parked_for_ever)
{
	struct worker w = { .room = 10, .cap = 1 };
	struct uuid first = job_id('a', 1);

	begin();
	add('a', true, 1, 1);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 1);
	add('a', false, 2, 2); /* as Basic now; he has as many in hand as he may have */
	added(2);
	turn_for_ms(&loop, 50);
	expect_took(&w, "a1 ");
	jobq_done(w.q, &first);
	TURN_UNTIL(&loop, w.count == 2);
	expect_took(&w, "a1 a2 ");
	close_worker(&w);
	end();
}

TEST(room_that_is_made_while_a_turn_is_under_way_is_used)
{
	struct worker w = { .room = 0 };
	struct uuid id = job_id('z', 1);

	begin();
	open_worker(&w);
	TURN_UNTIL(&loop, jobq_is_up(w.q));
	turn_for_ms(&loop, 50);
	add('a', false, 1, 1);
	added(1);
	jobq_keep(w.q, &id);
	turn_once(&loop); /* it is said, without a question */
	w.room = 1;
	jobq_more(w.q);
	TURN_UNTIL(&loop, w.count == 1);
	close_worker(&w);
	end();
}

/* Somebody took a key away: what is left must not hold up the rest. */
TEST(ids_without_a_line_are_dropped)
{
	struct worker w = { .room = 10, .keep_ms = 300 }, other = { .room = 10, .cap = 1 };

	begin();
	add('a', false, 1, 2);
	added(2);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 2);
	w.room = 0;
	add('b', false, 1, 2);
	added(4);
	redis_server_do(&server, "DEL " KEY);
	turn_for_ms(&loop, 400);
	open_worker(&other);
	TURN_UNTIL(&loop, left("ZCARD", "taken") == 0);
	CHECK_INT(other.count, 0);
	add('a', false, 3, 3);
	add('b', false, 3, 3);
	TURN_UNTIL(&loop, other.count == 2);
	expect_took(&other, "a3 b3 ");
	close_worker(&w);
	close_worker(&other);
	end();
}

TEST(what_is_said_is_heard_when_memory_is_full)
{
	struct worker w = { .room = 2 };
	struct uuid first = job_id('a', 1), second = job_id('a', 2);

	begin();
	add('a', false, 1, 2);
	open_worker(&w);
	TURN_UNTIL(&loop, w.count == 2);
	redis_server_do(&server, "CONFIG SET maxmemory 1");
	jobq_keep(w.q, &first);
	jobq_done(w.q, &second);
	TURN_UNTIL(&loop, left("HLEN", "jobs") == 1);
	close_worker(&w);
	end();
}

/* ---- models ---- */

TEST(a_model_that_is_down_gets_one_probe_at_a_time)
{
	struct worker w = { .room = 50 };

	begin();
	open_worker(&w);
	for (int i = 0; i < 5; i++)
		jobq_model_down(w.q, 0);
	TURN_UNTIL(&loop, w.models[0].blocked);
	add('a', false, 1, 5);
	added(5);
	turn_for_ms(&loop, 100);
	CHECK_INT(w.count, 0);
	TURN_UNTIL(&loop, w.count == 1); /* the probe, after a second */
	turn_for_ms(&loop, 300);
	CHECK_INT(w.count, 1);
	jobq_model_answered(w.q, 0);
	TURN_UNTIL(&loop, w.count == 5);
	CHECK(!w.models[0].blocked);
	CHECK(w.models[0].answered_ms > 0);
	close_worker(&w);
	end();
}

TEST(all_workers_know_that_a_model_is_down)
{
	struct worker one = { .room = 0 }, two = { .room = 5 };

	begin();
	open_worker(&one);
	for (int i = 0; i < 5; i++)
		jobq_model_down(one.q, 0);
	TURN_UNTIL(&loop, one.models[0].blocked);
	open_worker(&two);
	TURN_UNTIL(&loop, two.models[0].blocked);
	add('a', false, 1, 1);
	turn_for_ms(&loop, 100);
	CHECK_INT(two.count, 0);
	close_worker(&one);
	close_worker(&two);
	end();
}

TEST(the_next_model_is_called_while_the_first_rests)
{
	struct worker w = { .room = 50, .models = { { .name = "m0" }, { .name = "m1" } } };

	begin();
	open_worker(&w);
	add('a', false, 1, 1);
	TURN_UNTIL(&loop, w.count == 1);
	jobq_model_rests(w.q, 0, 700);
	TURN_UNTIL(&loop, w.models[0].blocked);
	add('a', false, 2, 3);
	TURN_UNTIL(&loop, w.count == 3);
	CHECK_STR(buf_str(&w.called), STR("011"));
	turn_for_ms(&loop, 800);
	add('a', false, 4, 4);
	TURN_UNTIL(&loop, w.count == 4);
	CHECK_STR(buf_str(&w.called), STR("0110"));
	close_worker(&w);
	end();
}

TEST(requests_per_minute_are_spread_and_wait_for_their_slot)
{
	struct worker w = { .room = 50,
		.models = { { .name = "m0", .rpm = 300 }, { .name = "m1" } } };

	begin();
	open_worker(&w);
	for (char user = 'a'; user < 'k'; user++)
		add(user, false, 1, 8);
	added(80);
	/* A sixth of a minute's allowance at once, then one every 200 ms; the other model
	 * is not there to get around a limit. */
	TURN_UNTIL(&loop, w.count >= 50);
	close_worker(&w);
	w = (struct worker){ .room = 50,
		.models = { { .name = "m0", .rpm = 300 }, { .name = "m1" } } };
	open_worker(&w);
	turn_for_ms(&loop, 1000);
	CHECK(w.count >= 2 && w.count <= 7);
	CHECK(!memchr(w.called.ptr, '1', w.called.len));
	close_worker(&w);
	end();
}

TEST(tokens_per_minute_are_reckoned_and_settled)
{
	struct worker w = { .room = 50, .models = { { .name = "m0", .tpm = 60000 } } };

	begin();
	open_worker(&w);
	add('a', false, 1, 1);
	TURN_UNTIL(&loop, w.count == 1);
	CHECK_INT(w.reckoned, 1000);
	jobq_tokens(w.q, 0, 19000); /* it used 20,000: twenty seconds' worth */
	add('a', false, 2, 2);
	turn_for_ms(&loop, 300);
	CHECK_INT(w.count, 1);
	jobq_tokens(w.q, 0, -15000);
	TURN_UNTIL(&loop, w.count == 2);
	CHECK(w.reckoned > 1000); /* it learns */
	close_worker(&w);
	end();
}

TEST(requests_of_a_day_end_with_the_day)
{
	struct worker w = { .room = 50, .models = { { .name = "m0", .rpd = 3 } } };

	begin();
	clock_test_shift_us(-86400 * 1000000LL); /* the day is the worker's word */
	open_worker(&w);
	add('a', false, 1, 5);
	TURN_UNTIL(&loop, w.count == 3);
	turn_for_ms(&loop, 100);
	CHECK_INT(w.count, 3);
	clock_test_shift_us(0);
	TURN_UNTIL(&loop, w.count == 5);
	close_worker(&w);
	end();
}

/* What was under way when it began to rest says the same again. */
TEST(a_hundred_refusals_at_once_are_one)
{
	struct worker w = { .room = 50 };

	begin();
	open_worker(&w);
	for (int i = 0; i < 20; i++)
		jobq_model_rests(w.q, 0, 0);
	TURN_UNTIL(&loop, w.models[0].blocked);
	add('a', false, 1, 1);
	TURN_UNTIL(&loop, w.count == 1); /* after a second, not after 32 */
	close_worker(&w);
	end();
}

TEST(a_call_that_was_not_made_leaves_its_slot_to_others)
{
	struct worker w = { .room = 1, .models = { { .name = "m0", .rpd = 2 } } };
	struct uuid id = job_id('a', 1);

	begin();
	open_worker(&w);
	for (int i = 0; i < 5; i++)
		jobq_model_down(w.q, 0);
	TURN_UNTIL(&loop, w.models[0].blocked);
	add('a', false, 1, 3);
	TURN_UNTIL(&loop, w.count == 1); /* the probe */
	for (int n = 2; n <= 4; n++) {
		jobq_model_unused(w.q, 0, w.reckoned);
		jobq_again(w.q, &id, 0);
		w.room = 1;
		jobq_more(w.q);
		TURN_UNTIL(&loop, w.count == n); /* within 20 s: it awaits a probe for 30 */
	}
	jobq_model_unheard(w.q, 0);
	w.room = 1;
	jobq_more(w.q);
	TURN_UNTIL(&loop, w.count == 5);
	expect_took(&w, "a1 a1 a1 a1 a2 ");
	close_worker(&w);
	end();
}

TEST(of_two_workers_days_the_later_counts)
{
	struct worker w = { .room = 50, .models = { { .name = "m0", .rpd = 3 } } };

	begin();
	open_worker(&w);
	add('a', false, 1, 5);
	TURN_UNTIL(&loop, w.count == 3);
	clock_test_shift_us(-86400 * 1000000LL);
	turn_for_ms(&loop, 1200);
	CHECK_INT(w.count, 3);
	clock_test_shift_us(0);
	close_worker(&w);
	end();
}

/* ---- places ---- */

struct places {
	bool came;
	int64_t place[3], start_ms[3];
};

static void on_places(void *ctx, enum err e, const struct redis_value *v)
{
	struct places *p = ctx;

	CHECK_INT(e, ERR_OK);
	for (size_t i = 0; e == ERR_OK && i < 3; i++) {
		p->place[i] = redis_at(v, 2 * i).i;
		p->start_ms[i] = redis_at(v, 2 * i + 1).i;
	}
	p->came = true;
}

static struct places where(struct uuid a, struct uuid b, struct uuid c)
{
	struct places p = { 0 };
	char text[3][UUID_TEXT_SIZE];

	uuid_format(&a, text[0]);
	uuid_format(&b, text[1]);
	uuid_format(&c, text[2]);
	redis_send_eval(redis, &jobq_where_script, 1,
		&REDIS_CMD(STR(KEY), str_of(text[0]), str_of(text[1]), str_of(text[2])),
		on_places, &p);
	TURN_UNTIL(&loop, p.came);
	return p;
}

TEST(a_place_is_what_will_be_taken_before_and_one)
{
	struct worker w = { .room = 0 };
	struct places p;

	begin();
	add('a', false, 1, 4);
	add('b', false, 1, 2);
	added(6);
	p = where(job_id('a', 1), job_id('b', 2), job_id('a', 4));
	CHECK_INT(p.place[0], 1);
	CHECK_INT(p.place[1], 4); /* a1 b1 a2 b2 a3 a4 */
	CHECK_INT(p.place[2], 6);
	CHECK_INT(p.start_ms[0], -1); /* nothing was taken yet */
	add_due('c', false, 1, clock_wall_us() / 1000 + 60000);
	added(7);
	p = where(job_id('c', 1), job_id('z', 1), job_id('b', 1));
	CHECK_INT(p.place[0], -1);
	CHECK(p.start_ms[0] > 50000 && p.start_ms[0] <= 60000);
	CHECK_INT(p.place[1], 0);
	CHECK_INT(p.place[2], 2);
	open_worker(&w);
	w.room = 1;
	jobq_more(w.q);
	TURN_UNTIL(&loop, w.count == 1);
	p = where(job_id('a', 1), job_id('b', 1), job_id('a', 4));
	CHECK_INT(p.place[0], 0);
	CHECK_INT(p.place[1], 1);
	CHECK_INT(p.place[2], 5);
	close_worker(&w);
	end();
}
