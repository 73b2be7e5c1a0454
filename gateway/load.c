#include "load.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void load_init(struct load *l, unsigned max, uint64_t target_us)
{
	*l = (struct load){ .max = max,
		.limit = max < LOAD_START ? max : LOAD_START,
		.target_us = target_us,
		.fastest_us = UINT64_MAX,
		.best_us = UINT64_MAX,
		.best_before_us = UINT64_MAX };
}

/* All of it that one caller may have is in use. */
static bool is_used(const struct load *l, unsigned in_hand)
{
	return in_hand >= l->limit - l->limit / 4;
}

bool load_has_room_for(const struct load *l, unsigned caller)
{
	unsigned share = l->limit / 16 ? l->limit / 16 : 1;

	return load_has_room(l) &&
	       (!is_used(l, l->in_hand) || l->by_caller[caller % LOAD_CALLERS] < share);
}

void load_begin(struct load *l, unsigned caller)
{
	l->by_caller[caller % LOAD_CALLERS]++;
	l->in_hand++;
	if (l->peak < l->in_hand)
		l->peak = l->in_hand;
}

/* Answers slower than this have waited behind others. */
static uint64_t too_slow_us(const struct load *l)
{
	uint64_t best_us = least(least(l->best_us, l->best_before_us), LOAD_NATURAL_MAX);

	return 2 * best_us > l->target_us && best_us < LOAD_NATURAL_MAX ? 2 * best_us
									: l->target_us;
}

static void note_best(struct load *l, uint64_t took_us, uint64_t now_us)
{
	if (now_us - l->best_from_us >= LOAD_BEST_US) {
		l->best_before_us = l->best_us;
		l->best_us = UINT64_MAX;
		l->best_from_us = now_us;
	}
	l->best_us = least(l->best_us, took_us);
}

/* So few are always let through: there is no queue that less of them would shorten. */
static void shrink(struct load *l)
{
	unsigned used = is_used(l, l->peak) ? l->limit : l->peak;

	if (used <= LOAD_MIN)
		return;
	l->limit = used - (used + 9) / 10;
	if (l->limit < LOAD_MIN)
		l->limit = LOAD_MIN;
	if (l->limit > l->max)
		l->limit = l->max;
}

static void grow(struct load *l)
{
	l->limit += 1 + l->limit / 20;
	if (l->limit > l->max)
		l->limit = l->max;
}

static void end_interval(struct load *l, uint64_t now_us)
{
	if (l->fastest_us > too_slow_us(l))
		shrink(l);
	else if (l->limit < LOAD_START || is_used(l, l->peak))
		grow(l);
	l->from_us = now_us;
	l->fastest_us = UINT64_MAX;
	l->peak = l->in_hand;
}

void load_leave(struct load *l, unsigned caller)
{
	l->by_caller[caller % LOAD_CALLERS]--;
	l->in_hand--;
}

void load_note(struct load *l, enum load_end how, uint64_t took_us, uint64_t now_us)
{
	if (how == LOAD_FAILED || (how == LOAD_GIVEN_UP && took_us <= too_slow_us(l)))
		return;
	if (how == LOAD_ANSWERED)
		note_best(l, took_us, now_us);
	l->fastest_us = least(l->fastest_us, took_us);
	if (now_us - l->from_us >= LOAD_INTERVAL_US)
		end_interval(l, now_us);
}
