/*
 * load - how many requests of one route may be with its service at a time. No I/O.
 *
 * A queue that stands shows in the fastest answer: when even that took longer than the
 * target for a while, there is more in hand than the service gets done, and the limit
 * comes down; when answers are fast it goes up again, beyond LOAD_START only when all of it
 * is used. What is beyond it is refused at once, so that what is let through is answered
 * while somebody still waits.
 * A route that is slow by nature is measured by its own best of the last minutes. So few
 * that the limit would not go below them are no queue, however slow they are.
 * The last quarter is for callers who have little in hand, a sixteenth of the limit each,
 * so that one who asks for all there is leaves room for the others.
 *
 * Use:  load_init; load_has_room, then load_begin when the service is asked; load_leave and
 *       load_note at the first byte of its answer, or when none will come.
 */
#ifndef GATEWAY_LOAD_H
#define GATEWAY_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#define LOAD_MIN         8
#define LOAD_START       1024
#define LOAD_INTERVAL_US 100000
#define LOAD_BEST_US     300000000 /* how long the best answer counts: once to twice that */
#define LOAD_NATURAL_MAX 2000000   /* nothing is slower than this by nature */

#define LOAD_CALLERS 1024

struct load {
	unsigned in_hand, max;
	unsigned by_caller[LOAD_CALLERS]; /* of in_hand */
	unsigned peak;                    /* of in_hand, in this interval */
	unsigned limit;
	uint64_t target_us;
	uint64_t from_us;    /* when the interval began */
	uint64_t fastest_us; /* answer in it; UINT64_MAX: none */
	uint64_t best_us, best_before_us, best_from_us;
};

/* How the service's part ended. */
enum load_end {
	LOAD_ANSWERED, /* or not, in the time it had */
	LOAD_GIVEN_UP, /* the client left: it took longer than this */
	LOAD_FAILED,   /* says nothing about time */
};

void load_init(struct load *l, unsigned max, uint64_t target_us);
static inline bool load_has_room(const struct load *l)
{
	return l->in_hand < l->limit;
}
/* caller: any number; those whose numbers fall together are taken for one. */
bool load_has_room_for(const struct load *l, unsigned caller);
void load_begin(struct load *l, unsigned caller);
void load_leave(struct load *l, unsigned caller);
void load_note(struct load *l, enum load_end how, uint64_t took_us, uint64_t now_us);

#endif
