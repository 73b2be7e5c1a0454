#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t wall_shift;

static int64_t read_us(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME) + wall_shift;
}

int64_t clock_wall_s(void)
{
	return clock_wall_us() / 1000000;
}

uint64_t clock_mono_us(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

static char *put(char *at, unsigned n, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + n % 10);
		n /= 10;
	}
	return at + digits;
}

/* Days to a civil date, proleptic Gregorian, by 400-year eras that begin on 1 March. */
void clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_SIZE])
{
	int64_t day = wall_us / 86400000000, us = wall_us % 86400000000;
	int64_t z, era;
	unsigned doe, yoe, doy, mp, month, s;

	if (us < 0) {
		us += 86400000000;
		day--;
	}
	z = day + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	month = mp < 10 ? mp + 3 : mp - 9;
	s = (unsigned)(us / 1000000);

	out = put(out, (unsigned)((int64_t)yoe + era * 400 + (month <= 2)), 4);
	*out++ = '-';
	out = put(out, month, 2);
	*out++ = '-';
	out = put(out, doy - (153 * mp + 2) / 5 + 1, 2);
	*out++ = 'T';
	out = put(out, s / 3600, 2);
	*out++ = ':';
	out = put(out, s / 60 % 60, 2);
	*out++ = ':';
	out = put(out, s % 60, 2);
	*out++ = '.';
	out = put(out, (unsigned)(us % 1000000), 6);
	*out++ = 'Z';
	*out = '\0';
}

void clock_test_shift_us(int64_t shift)
{
	wall_shift = shift;
}
