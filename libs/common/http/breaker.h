/*
 * breaker - whether an address that answers badly is asked at all. No I/O, no clock.
 *
 *   closed --BREAKER_IN_A_ROW failures, or half of BREAKER_SAMPLE--> open
 *   open --after its wait, one call is let through--> tried
 *   tried --that went well--> closed;  --it did not--> open, twice as long
 *
 * A failure is an answer that no service gives on purpose (500, 502, 504, a 503 without
 * Retry-After), one that breaks HTTP or off, or none in time. A service that says 503 with
 * Retry-After works: what it needs does not, and other routes may not need that.
 *
 * Use:  zero-initialise; breaker_lets before a call, breaker_asked with it, breaker_tell
 *       after it (breaker_untold when nobody will know). Whether to open is the owner's
 *       decision: he keeps enough of his addresses in use.
 */
#ifndef HTTP_BREAKER_H
#define HTTP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_IN_A_ROW  5
#define BREAKER_SAMPLE    20 /* calls within BREAKER_WINDOW_MS, half of which failed */
#define BREAKER_WINDOW_MS 10000
#define BREAKER_WAIT_MS   1000 /* the first time */
#define BREAKER_WAIT_MAX  8000

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_TRIED };

/* What half of the window brought. */
struct breaker_half {
	unsigned calls, failed;
};

struct breaker {
	enum breaker_state state;
	unsigned in_a_row;
	struct breaker_half now, before;
	uint64_t half_ms;  /* when `now` began */
	uint64_t retry_ms; /* open: when one call is let through */
	uint64_t wait_ms;
};

/* May a call be made? */
bool breaker_lets(const struct breaker *b, uint64_t now_ms);
/* One is being made; true if it is the one that decides. */
bool breaker_asked(struct breaker *b);
/* How it went; true if the breaker should be opened now. */
bool breaker_tell(struct breaker *b, bool good, uint64_t now_ms);
void breaker_open(struct breaker *b, uint64_t now_ms);
/* The call that would have decided was given up by its caller: the next one decides. */
void breaker_untold(struct breaker *b);

#endif
