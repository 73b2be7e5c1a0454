#include "http/budget.h"

#include "tests/lib/test.h"

static struct budget b;

static void note(int calls, uint64_t now_ms)
{
	for (int i = 0; i < calls; i++)
		budget_note(&b, now_ms);
}

static int take_all(uint64_t now_ms)
{
	int n = 0;

	while (n < 1000 && budget_take(&b, now_ms))
		n++;
	return n;
}

TEST(a_tenth_of_many_calls_may_be_repeated)
{
	b = (struct budget){ 0 };
	note(640, 1000);
	CHECK_INT(take_all(1000), 64);
	note(100, 1001);
	CHECK_INT(take_all(1001), 10);
}

TEST(a_few_of_few_calls_may_be_repeated)
{
	b = (struct budget){ 0 };
	CHECK_INT(take_all(1000), BUDGET_LEAST);
	note(100, 1000);
	CHECK(!budget_take(&b, 1000));
}

TEST(in_ten_seconds_there_are_no_more)
{
	int repeats = 0;

	b = (struct budget){ 0 };
	for (uint64_t ms = 0; ms < BUDGET_WINDOW_MS; ms += 10) {
		note(1, 100000 + ms);
		repeats += budget_take(&b, 100000 + ms);
	}
	CHECK(repeats >= 2 * BUDGET_LEAST && repeats <= 100);
}

TEST(what_is_long_ago_counts_no_more)
{
	b = (struct budget){ 0 };
	note(1000, 1000);
	CHECK_INT(take_all(1000), 100);
	CHECK_INT(take_all(1000 + 2 * BUDGET_WINDOW_MS), BUDGET_LEAST);
	note(1000, 100000);
	CHECK_INT(take_all(100000 + BUDGET_WINDOW_MS / 2), 100);
	CHECK_INT(take_all(100000 + BUDGET_WINDOW_MS - 1), 0);
}
