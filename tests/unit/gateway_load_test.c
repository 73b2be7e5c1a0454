// needs: gateway/load.c
#include "gateway/load.h"

#include "tests/lib/test.h"

#define MS     1000ull
#define TARGET (500 * MS)

static struct load l;
static uint64_t now_us;

static void start(unsigned max)
{
	load_init(&l, max, TARGET);
	now_us = 1000000 * MS;
	l.from_us = l.best_from_us = now_us;
}

static void end(enum load_end how, uint64_t took_us, uint64_t at_us)
{
	load_leave(&l, 0);
	load_note(&l, how, took_us, at_us);
}

/* An interval with so many in hand, each of which took so long. */
static void interval(unsigned n, uint64_t took_us)
{
	for (unsigned i = 0; i < n; i++)
		load_begin(&l, 0);
	for (unsigned i = 0; i + 1 < n; i++)
		end(LOAD_ANSWERED, took_us, now_us);
	now_us += LOAD_INTERVAL_US;
	end(LOAD_ANSWERED, took_us, now_us);
}

TEST(a_queue_that_stands_brings_the_limit_down)
{
	start(4000);
	CHECK_INT(l.limit, LOAD_START);
	interval(10, 5 * MS);
	for (int i = 0; i < 20; i++)
		interval(l.limit, 800 * MS);
	CHECK(l.limit < LOAD_START / 5);
	for (int i = 0; i < 100; i++)
		interval(l.limit, 800 * MS);
	CHECK_INT(l.limit, LOAD_MIN);
}

TEST(only_the_fastest_answer_counts)
{
	start(4000);
	interval(10, 5 * MS);
	for (int i = 0; i < 20; i++) {
		load_begin(&l, 0);
		end(LOAD_ANSWERED, 20 * MS, now_us);
		interval(500, 800 * MS);
	}
	CHECK_INT(l.limit, LOAD_START);
}

TEST(it_comes_back_when_answers_are_fast)
{
	start(2000);
	interval(10, 5 * MS);
	for (int i = 0; i < 100; i++)
		interval(l.limit, 800 * MS);
	CHECK_INT(l.limit, LOAD_MIN);
	for (int i = 0; i < 200; i++)
		interval(1, 5 * MS);
	CHECK(l.limit >= LOAD_START); /* not used: what is beyond is not learnt */
	CHECK(l.limit < LOAD_START * 11 / 10);
	for (int i = 0; i < 50; i++)
		interval(l.limit, 5 * MS);
	CHECK_INT(l.limit, 2000);
}

TEST(a_slow_answer_on_a_quiet_day_does_not_shut_out_a_burst)
{
	start(4000);
	interval(3, 5 * MS);
	for (int i = 0; i < 10; i++)
		interval(3, 800 * MS);
	CHECK_INT(l.limit, LOAD_START);
	interval(30, 800 * MS); /* these may have stood behind each other */
	CHECK_INT(l.limit, 27);
	for (int i = 0; i < 50; i++)
		interval(3, 5 * MS);
	CHECK(l.limit >= 200);
}

TEST(what_is_slow_by_nature_is_no_queue)
{
	start(4000);
	for (int i = 0; i < 50; i++)
		interval(30, 900 * MS);
	CHECK_INT(l.limit, LOAD_START);
	interval(30, 1900 * MS);
	CHECK_INT(l.limit, 27);
}

TEST(clients_that_give_up_show_that_it_was_slow)
{
	start(4000);
	interval(10, 5 * MS);
	for (int i = 0; i < 100; i++)
		load_begin(&l, 0);
	for (int i = 0; i < 99; i++)
		end(LOAD_GIVEN_UP, 2 * MS, now_us); /* soon: says nothing */
	now_us += LOAD_INTERVAL_US;
	end(LOAD_GIVEN_UP, 700 * MS, now_us);
	CHECK_INT(l.limit, 90);
}

/* A hiccup, a cold cache, a first connection: nothing that letting less in would mend. */
TEST(so_few_are_no_queue)
{
	start(4000);
	interval(10, 5 * MS);
	interval(1, 800 * MS);
	CHECK_INT(l.limit, LOAD_START);
	interval(LOAD_MIN, 800 * MS);
	CHECK_INT(l.limit, LOAD_START);
	interval(LOAD_MIN + 4, 800 * MS);
	CHECK_INT(l.limit, LOAD_MIN + 2);
}

TEST(a_burst_after_minutes_without_a_call_has_room)
{
	start(4000);
	interval(10, 5 * MS);
	now_us += 15 * 60 * 1000 * MS;
	interval(1, 900 * MS); /* it had to wake up */
	interval(500, 300 * MS);
	interval(500, 5 * MS);
	CHECK_INT(l.limit, LOAD_START);
}

TEST(what_is_slow_by_nature_is_so_after_minutes_without_a_call)
{
	start(4000);
	for (int i = 0; i < 5; i++)
		interval(30, 900 * MS);
	now_us += 60 * 60 * 1000 * MS;
	for (int i = 0; i < 5; i++)
		interval(30, 900 * MS);
	CHECK_INT(l.limit, LOAD_START);
}

TEST(a_service_that_recovers_has_all_of_its_room_back_in_seconds)
{
	start(LOAD_START);
	interval(10, 5 * MS);
	for (int i = 0; i < 100; i++)
		interval(l.limit, 10000 * MS);
	CHECK_INT(l.limit, LOAD_MIN);
	for (int i = 0; i < 100; i++)
		interval(l.limit, 5 * MS);
	CHECK_INT(l.limit, LOAD_START);
}

TEST(the_last_quarter_is_for_those_who_have_little)
{
	start(160);
	for (int i = 0; i < 120; i++) {
		CHECK(load_has_room_for(&l, 1));
		load_begin(&l, 1);
	}
	CHECK(load_has_room(&l));
	CHECK(!load_has_room_for(&l, 1));
	for (int caller = 2; caller < 6; caller++) {
		for (int i = 0; i < 10; i++) {
			CHECK(load_has_room_for(&l, caller));
			load_begin(&l, caller);
		}
		CHECK(!load_has_room_for(&l, caller));
	}
	CHECK(!load_has_room_for(&l, 6));
	load_leave(&l, 1);
	CHECK(load_has_room_for(&l, 6));
	CHECK(!load_has_room_for(&l, 1));
}

TEST(one_caller_who_uses_what_he_may_brings_the_limit_down_by_a_tenth)
{
	start(1000);
	interval(10, 5 * MS);
	interval(750, 800 * MS);
	CHECK_INT(l.limit, 900);
	interval(674, 800 * MS); /* somebody else had room */
	CHECK_INT(l.limit, 606);
}

TEST(room_is_what_is_not_in_hand)
{
	start(2);
	load_begin(&l, 0);
	CHECK(load_has_room(&l));
	load_begin(&l, 0);
	CHECK(!load_has_room(&l));
	end(LOAD_FAILED, 0, now_us);
	CHECK(load_has_room(&l));
}
