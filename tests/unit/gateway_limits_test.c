// needs: gateway/limits.c
#include "gateway/limits.h"

#include "base/id.h"
#include "tests/lib/test.h"

#define S 1000000ull

static struct limits l;

static struct limit_verdict take_as(
	enum limit_class class, enum limit_by by, struct str bytes, uint64_t now_us)
{
	struct limit_caller c = limit_caller(class, by, bytes);

	return limits_take(&l, &c, now_us);
}

static bool take(const char *caller, uint64_t now_us)
{
	return take_as(LIMIT_READ, LIMIT_BY_USER, str_of(caller), now_us).allowed;
}

static void start(int64_t per_minute)
{
	l = (struct limits){ 0 };
	limits_init(&l);
	l.per_minute[LIMIT_READ][LIMIT_BY_USER] = per_minute;
}

TEST(a_minute_s_requests_may_come_at_once)
{
	start(60);
	for (int i = 0; i < 60; i++)
		CHECK(take("a", 1000 * S));
	CHECK(!take("a", 1000 * S));
	CHECK(take("b", 1000 * S)); /* another caller */
	limits_fini(&l);
}

TEST(they_come_back_one_by_one)
{
	start(60);
	for (int i = 0; i < 60; i++)
		CHECK(take("a", 1000 * S));
	CHECK(!take("a", 1000 * S + S - 1));
	CHECK(take("a", 1001 * S));
	CHECK(!take("a", 1001 * S));
	CHECK(take("a", 1003 * S));
	CHECK(take("a", 1003 * S));
	CHECK(!take("a", 1003 * S));
	limits_fini(&l);
}

TEST(in_a_minute_there_are_less_than_twice_as_many)
{
	int taken = 0;

	start(30);
	for (uint64_t now = 1000 * S; now < 1060 * S; now += S / 10)
		taken += take("a", now);
	CHECK_INT(taken, 59); /* the burst, and what came back in 59.9 s */
	limits_fini(&l);
}

TEST(a_refusal_says_when)
{
	struct limit_verdict v;

	start(6);
	for (int i = 0; i < 6; i++) {
		v = take_as(LIMIT_READ, LIMIT_BY_USER, STR("a"), 1000 * S);
		CHECK(v.allowed);
		CHECK_INT(v.remaining, 5 - i);
		CHECK_INT(v.wait_s, 10);
	}
	v = take_as(LIMIT_READ, LIMIT_BY_USER, STR("a"), 1000 * S);
	CHECK(!v.allowed);
	CHECK_INT(v.quota, 6);
	CHECK_INT(v.remaining, 0);
	CHECK_INT(v.wait_s, 10);
	CHECK(!take("a", 1009 * S));
	CHECK(take("a", 1010 * S));
	limits_fini(&l);
}

TEST(zero_is_no_limit)
{
	start(0);
	for (int i = 0; i < 100000; i++)
		CHECK(take("a", 1000 * S));
	limits_fini(&l);
}

TEST(classes_and_kinds_are_counted_apart)
{
	start(1);
	l.per_minute[LIMIT_WRITE][LIMIT_BY_USER] = 1;
	l.per_minute[LIMIT_READ][LIMIT_BY_ADDRESS] = 1;
	CHECK(take_as(LIMIT_READ, LIMIT_BY_USER, STR("a"), S).allowed);
	CHECK(take_as(LIMIT_WRITE, LIMIT_BY_USER, STR("a"), S).allowed);
	CHECK(take_as(LIMIT_READ, LIMIT_BY_ADDRESS, STR("a"), S).allowed);
	CHECK(!take_as(LIMIT_READ, LIMIT_BY_USER, STR("a"), S).allowed);
	limits_fini(&l);
}

TEST(many_callers_do_not_push_a_busy_one_out)
{
	struct uuid id;

	start(60);
	for (int i = 0; i < 60; i++)
		CHECK(take("busy", 1000 * S));
	for (int i = 0; i < 20000; i++) {
		id = uuid_v7();
		CHECK(take_as(LIMIT_READ, LIMIT_BY_USER, uuid_bytes(&id), 1000 * S)
				.allowed);
	}
	CHECK(!take("busy", 1000 * S));
	limits_fini(&l);
}

/* ---- several gateways ---- */

static struct limit_caller someone(void)
{
	return limit_caller(LIMIT_READ, LIMIT_BY_USER, STR("a"));
}

static void start_shared(int64_t per_minute)
{
	start(per_minute);
	l.shared = true;
}

TEST(a_process_is_ahead_by_a_slice_at_most)
{
	struct limit_caller c = someone();

	start_shared(60);
	for (int i = 0; i < 3; i++)
		CHECK(!limits_take(&l, &c, 1000 * S).ask);
	CHECK(limits_take(&l, &c, 1000 * S).ask);
	CHECK_INT(l.dirties, 1);
	CHECK_INT(l.cells[l.dirty[0]].pending, 3);
	limits_fini(&l);
}

TEST(what_others_let_through_counts)
{
	struct limit_caller c = someone();
	struct limit_verdict v;

	start_shared(60);
	limits_take(&l, &c, 1000 * S);
	limits_learn(&l, &c, 0, 50 * S, 1000 * S); /* without the one that is pending */
	v = limits_take(&l, &c, 1000 * S);
	CHECK(v.allowed);
	CHECK_INT(v.remaining, 8);
	limits_learn(&l, &c, 0, 61 * S, 1000 * S);
	CHECK(!limits_take(&l, &c, 1000 * S).allowed);
	CHECK(!limits_take(&l, &c, 1003 * S).allowed);
	CHECK(limits_take(&l, &c, 1005 * S).allowed); /* what was pending is paid back */
	limits_fini(&l);
}

TEST(an_exact_class_always_asks_and_is_closed_when_it_cannot)
{
	struct limit_caller c = limit_caller(LIMIT_AUTH, LIMIT_BY_ADDRESS, STR("a"));
	struct limit_verdict v;

	start_shared(0);
	l.per_minute[LIMIT_AUTH][LIMIT_BY_ADDRESS] = 60;
	v = limits_take(&l, &c, 1000 * S);
	CHECK(v.allowed && v.ask && !v.closed);
	CHECK_INT(l.dirties, 0);
	l.shared = false;
	v = limits_take(&l, &c, 1000 * S);
	CHECK(!v.allowed && v.closed);
	limits_fini(&l);
}

TEST(alone_a_process_counts_for_itself)
{
	struct limit_caller c = someone();
	int taken = 0;

	start(60);
	for (int i = 0; i < 100; i++)
		taken += limits_take(&l, &c, 1000 * S).allowed;
	CHECK_INT(taken, 60);
	CHECK_INT(l.dirties, 0);
	limits_fini(&l);
}

TEST(the_slice_is_a_twentieth)
{
	CHECK_INT(limits_slice(1), 1);
	CHECK_INT(limits_slice(60), 3);
	CHECK_INT(limits_slice(6000), 300);
}
