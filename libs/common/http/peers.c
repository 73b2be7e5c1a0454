#include "http/peers.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/id.h"
#include "base/map.h"

#define ROWS      2
#define BUCKETS   (1u << 14)
#define SECOND_US 1000000u

/* Memory that nobody has touched costs nothing. */
struct peers_area {
	uint64_t seed[2];
	unsigned used;                  /* all seats from here on were never taken */
	uint64_t due_us[ROWS][BUCKETS]; /* when all that were let in will be paid for */
	uint32_t connections[PEERS_SEATS][ROWS][BUCKETS];
};

struct peers {
	struct peers_area *area;
	bool owns_area;
	unsigned seat, at_once, rate;
};

/* ---- memory ---- */

struct peers_area *peers_area_new(void)
{
	struct peers_area *a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (a == MAP_FAILED)
		abort();
	random_bytes(a->seed, sizeof a->seed);
	return a;
}

void peers_area_empty(struct peers_area *a, unsigned seat)
{
	memset(a->connections[seat], 0, sizeof a->connections[seat]);
	if (a->used <= seat)
		a->used = seat + 1;
}

struct peers *peers_new(
	struct peers_area *area, unsigned seat, unsigned at_once, unsigned rate)
{
	struct peers *p = calloc(1, sizeof *p);

	if (!p)
		abort();
	*p = (struct peers){ .area = area, .seat = seat, .at_once = at_once, .rate = rate };
	if (!area) {
		p->area = peers_area_new();
		p->owns_area = true;
		peers_area_empty(p->area, seat);
	}
	return p;
}

void peers_free(struct peers **pp)
{
	struct peers *p = *pp;

	if (!p)
		return;
	*pp = NULL;
	if (p->owns_area)
		munmap(p->area, sizeof *p->area);
	free(p);
}

/* ---- how many ---- */

static unsigned connections(const struct peers *p, struct peer where)
{
	const struct peers_area *a = p->area;
	unsigned least = UINT32_MAX;

	for (int row = 0; row < ROWS; row++) {
		unsigned total = 0;

		for (unsigned i = 0; i < a->used; i++)
			total += __atomic_load_n(&a->connections[i][row][where.bucket[row]],
				__ATOMIC_RELAXED);
		least = total < least ? total : least;
	}
	return least;
}

static void count(struct peers *p, struct peer where, int n)
{
	for (int row = 0; row < ROWS; row++)
		__atomic_fetch_add(&p->area->connections[p->seat][row][where.bucket[row]],
			(uint32_t)n, __ATOMIC_RELAXED);
}

/* ---- how fast ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void pay(uint64_t *due_us, uint64_t now_us, uint64_t step_us)
{
	uint64_t old = __atomic_load_n(due_us, __ATOMIC_RELAXED), new;

	do {
		new = later(old, now_us) + step_us;
		if (new > now_us + SECOND_US)
			new = now_us + SECOND_US;
	} while (!__atomic_compare_exchange_n(
		due_us, &old, new, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

/* A second's worth may come at once. */
static bool is_slow_enough(struct peers *p, struct peer where, uint64_t now_us)
{
	uint64_t step_us = SECOND_US / p->rate;
	bool may = false;

	for (int row = 0; row < ROWS; row++) {
		uint64_t due_us = __atomic_load_n(
			&p->area->due_us[row][where.bucket[row]], __ATOMIC_RELAXED);

		may = may || later(due_us, now_us) + step_us <= now_us + SECOND_US;
	}
	for (int row = 0; may && row < ROWS; row++)
		pay(&p->area->due_us[row][where.bucket[row]], now_us, step_us);
	return may;
}

/* ---- who ---- */

bool peers_enter(struct peers *p, const char *address, uint64_t now_ms, struct peer *where)
{
	uint64_t hash = siphash(p->area->seed, str_of(address));

	for (int row = 0; row < ROWS; row++)
		where->bucket[row] = (uint16_t)(hash >> (32 * row) & (BUCKETS - 1));
	if (p->at_once && connections(p, *where) >= p->at_once)
		return false;
	if (p->rate && !is_slow_enough(p, *where, now_ms * 1000))
		return false;
	count(p, *where, 1);
	return true;
}

void peers_leave(struct peers *p, struct peer where)
{
	count(p, where, -1);
}
