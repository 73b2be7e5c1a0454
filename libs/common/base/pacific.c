#include "base/pacific.h"

#include <time.h>

#define HOUR_S 3600
#define DAY_S  86400

/* The nth Sunday of a month at an hour of UTC. */
static int64_t sunday_s(int year, int month, int nth, int hour)
{
	struct tm first = { .tm_year = year, .tm_mon = month, .tm_mday = 1 };
	int64_t first_s = timegm(&first); /* fills in the weekday */

	return first_s + ((7 - first.tm_wday) % 7 + 7 * (nth - 1)) * (int64_t)DAY_S +
	       hour * HOUR_S;
}

static int64_t local_s(int64_t unix_s)
{
	time_t t = unix_s;
	struct tm utc;

	gmtime_r(&t, &utc);
	if (unix_s >= sunday_s(utc.tm_year, 2, 2, 10) &&
		unix_s < sunday_s(utc.tm_year, 10, 1, 9))
		return unix_s - 7 * HOUR_S;
	return unix_s - 8 * HOUR_S;
}

int64_t pacific_day(int64_t unix_s)
{
	return local_s(unix_s) / DAY_S;
}

int64_t pacific_day_left_s(int64_t unix_s)
{
	return DAY_S - local_s(unix_s) % DAY_S;
}
