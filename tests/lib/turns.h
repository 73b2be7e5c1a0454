/*
 * turns - lets a loop turn until something has happened.
 *
 * TURN_UNTIL gives up (and fails the test) after 20 s, so that a broken test ends; it does
 * not measure anything.
 */
#ifndef TESTS_LIB_TURNS_H
#define TESTS_LIB_TURNS_H

#include <unistd.h>

#include "app/loop.h"
#include "base/clock.h"
#include "tests/lib/test.h"

#define TURN_UNTIL(loop, cond)                                                             \
	do {                                                                               \
		uint64_t until_ = clock_mono_ms() + 20000;                                 \
		while (!(cond) && clock_mono_ms() < until_)                                \
			turn_once(loop);                                                   \
		if (!(cond))                                                               \
			test_fail(__FILE__, __LINE__, "never came: %s", #cond);            \
	} while (0)

static inline void turn_once(struct loop *loop)
{
	loop_turn(loop, false);
	usleep(100);
}

/* For what must not happen: lets it have its chance. */
static inline void turn_for_ms(struct loop *loop, uint64_t ms)
{
	uint64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until)
		turn_once(loop);
}

#endif
