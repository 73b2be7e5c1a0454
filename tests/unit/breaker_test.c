#include "http/breaker.h"

#include "tests/lib/test.h"

static struct breaker b;

static bool told_times(int n, bool good, uint64_t now_ms)
{
	bool opens = false;

	for (int i = 0; i < n && !opens; i++)
		opens = breaker_tell(&b, good, now_ms);
	return opens;
}

TEST(five_failures_in_a_row_open_it)
{
	b = (struct breaker){ 0 };
	CHECK(!told_times(4, false, 100));
	CHECK(!breaker_tell(&b, true, 100));
	CHECK(!told_times(4, false, 100));
	CHECK(breaker_tell(&b, false, 100));
	CHECK(breaker_lets(&b, 100)); /* until its owner says so */
	breaker_open(&b, 100);
	CHECK(!breaker_lets(&b, 100 + BREAKER_WAIT_MS - 1));
	CHECK(breaker_lets(&b, 100 + BREAKER_WAIT_MS));
}

TEST(half_of_twenty_open_it)
{
	b = (struct breaker){ 0 };
	for (int i = 0; i < 9; i++) {
		CHECK(!breaker_tell(&b, true, 100));
		CHECK(!breaker_tell(&b, false, 100));
	}
	CHECK(!breaker_tell(&b, true, 100));
	CHECK(breaker_tell(&b, false, 100));
}

TEST(what_is_long_ago_counts_no_more)
{
	b = (struct breaker){ 0 };
	for (int i = 0; i < 9; i++) {
		CHECK(!breaker_tell(&b, true, 100));
		CHECK(!breaker_tell(&b, false, 100));
	}
	CHECK(!breaker_tell(&b, true, 20100));
	CHECK(!breaker_tell(&b, false, 20100));
	CHECK_INT(b.now.calls + b.before.calls, 2);
}

TEST(one_call_decides)
{
	b = (struct breaker){ 0 };
	breaker_open(&b, 0);
	CHECK(breaker_lets(&b, 1000));
	CHECK(breaker_asked(&b));
	CHECK(!breaker_lets(&b, 1000)); /* no second one meanwhile */
	CHECK(!breaker_asked(&b));
	CHECK(breaker_tell(&b, false, 1100));
	breaker_open(&b, 1100);
	CHECK(!breaker_lets(&b, 1100 + 2 * BREAKER_WAIT_MS - 1)); /* twice as long */
	CHECK(breaker_lets(&b, 1100 + 2 * BREAKER_WAIT_MS));
	CHECK(breaker_asked(&b));
	CHECK(!breaker_tell(&b, true, 4000));
	CHECK(breaker_lets(&b, 4000));
	CHECK_INT(b.state, BREAKER_CLOSED);
	CHECK_INT(b.wait_ms, 0);
}

TEST(a_deciding_call_that_was_given_up_leaves_it_to_the_next)
{
	b = (struct breaker){ 0 };
	breaker_open(&b, 0);
	CHECK(breaker_asked(&b));
	breaker_untold(&b);
	CHECK(breaker_lets(&b, 1000));
	CHECK(breaker_asked(&b));
}

TEST(the_wait_has_an_end)
{
	b = (struct breaker){ 0 };
	for (int i = 0; i < 20; i++)
		breaker_open(&b, 0);
	CHECK_INT(b.wait_ms, BREAKER_WAIT_MAX);
}

TEST(calls_from_before_do_not_close_it)
{
	b = (struct breaker){ 0 };
	breaker_open(&b, 0);
	CHECK(!breaker_tell(&b, true, 10));
	CHECK_INT(b.state, BREAKER_OPEN);
}
