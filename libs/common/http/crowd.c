#include "http/crowd.h"

#include <stdlib.h>
#include <sys/mman.h>

struct seat_count {
	_Alignas(64) unsigned connections; /* a cache line of its own */
	bool accepts;
};

struct crowd {
	struct peers_area *peers;
	unsigned used; /* all seats from here on were never taken */
	struct seat_count seat[CROWD_SEATS];
};

struct crowd *crowd_new(void)
{
	struct crowd *c = mmap(
		NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		abort();
	c->peers = peers_area_new();
	return c;
}

struct peers_area *crowd_peers(const struct crowd *c)
{
	return c->peers;
}

void crowd_empty(struct crowd *c, unsigned seat)
{
	c->seat[seat] = (struct seat_count){ 0 };
	peers_area_empty(c->peers, seat);
	if (c->used <= seat)
		c->used = seat + 1;
}

void crowd_accepts(struct crowd *c, unsigned seat, bool accepts)
{
	__atomic_store_n(&c->seat[seat].accepts, accepts, __ATOMIC_RELAXED);
}

void crowd_add(struct crowd *c, unsigned seat, int connections)
{
	__atomic_fetch_add(
		&c->seat[seat].connections, (unsigned)connections, __ATOMIC_RELAXED);
}

static unsigned count_of(const struct crowd *c, unsigned seat)
{
	return __atomic_load_n(&c->seat[seat].connections, __ATOMIC_RELAXED);
}

unsigned crowd_total(const struct crowd *c)
{
	unsigned total = 0;

	for (unsigned i = 0; i < c->used; i++)
		total += count_of(c, i);
	return total;
}

int crowd_ahead(const struct crowd *c, unsigned seat)
{
	unsigned total = 0, count = 0;

	for (unsigned i = 0; i < c->used; i++) {
		if (!__atomic_load_n(&c->seat[i].accepts, __ATOMIC_RELAXED))
			continue;
		total += count_of(c, i);
		count++;
	}
	return count ? (int)count_of(c, seat) - (int)((total + count - 1) / count) : 0;
}
