/*
 * clock - what time it is: wall clock for what people see, monotonic for how long.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_us(void);  /* microseconds since 1970, UTC */
int64_t clock_wall_s(void);   /* seconds since 1970, UTC */
uint64_t clock_mono_us(void); /* microseconds since some fixed point; never goes back */
uint64_t clock_mono_ms(void);

/* "2026-11-22T18:35:07.123456Z" into out; 27 characters and the zero. */
#define CLOCK_RFC3339_SIZE 28
void clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_SIZE]);

/* Tests move the wall clock; 0 puts it back. */
void clock_test_shift_us(int64_t shift);

#endif
