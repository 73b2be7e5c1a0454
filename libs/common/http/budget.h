/*
 * budget - how many calls may be made a second time. No I/O, no clock.
 *
 * Within BUDGET_WINDOW_MS one of ten calls may be repeated, so that a service in trouble is
 * not asked twice for everything; BUDGET_LEAST always, so that the few calls of a quiet
 * hour are, too. A service that dies with many calls in hand is made good for as far as
 * that goes.
 *
 * Use:   zero-initialise; budget_note with each call; budget_take before one is repeated.
 */
#ifndef HTTP_BUDGET_H
#define HTTP_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_WINDOW_MS 10000
#define BUDGET_LEAST     10

/* What half of the window brought. */
struct budget_half {
	unsigned calls, repeats;
};

struct budget {
	struct budget_half now, before;
	uint64_t half_ms; /* when `now` began */
};

void budget_note(struct budget *b, uint64_t now_ms);
/* False: this call must not be repeated. */
bool budget_take(struct budget *b, uint64_t now_ms);

#endif
