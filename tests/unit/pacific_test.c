#include "base/pacific.h"

#include <time.h>

#include "tests/lib/test.h"

static void expect_day(int64_t unix_s, const char *day, int64_t left_s)
{
	time_t day_s = pacific_day(unix_s) * 86400;
	char out[11];
	struct tm tm;

	gmtime_r(&day_s, &tm);
	strftime(out, sizeof out, "%Y-%m-%d", &tm);
	CHECK_STR(str_of(out), str_of(day));
	CHECK_INT(pacific_day_left_s(unix_s), left_s);
}

TEST(the_day_changes_at_midnight_in_california)
{
	expect_day(1763884800 - 1, "2025-11-22", 1); /* 2025-11-23 08:00 UTC */
	expect_day(1763884800, "2025-11-23", 86400);
	expect_day(1782889199, "2026-06-30", 1); /* 2026-07-01 07:00 UTC */
	expect_day(1782889200, "2026-07-01", 86400);
}

TEST(summer_time_is_from_the_second_sunday_in_march_to_the_first_in_november)
{
	expect_day(1772964000 - 1, "2026-03-08", 86400 - 7199); /* 2026-03-08 10:00 UTC */
	expect_day(1772964000, "2026-03-08", 86400 - 3 * 3600);
	expect_day(1793523600 - 1, "2026-11-01", 86400 - 7199); /* 2026-11-01 09:00 UTC */
	expect_day(1793523600, "2026-11-01", 86400 - 3600);
}
