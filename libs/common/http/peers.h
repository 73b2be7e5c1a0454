/*
 * peers - how many connections each client address has, and how fast it opens new ones,
 * with all processes together that accept from one socket.
 *
 * No addresses are kept. By a keyed hash each falls into two buckets of many, and what the
 * emptier one says is taken for the address's own. Two that share both would be counted as
 * one: that is rare, and nobody can bring it about without the key.
 *
 * Use:   peers_area_new before processes are forked, peers_area_empty for each that comes
 *        or is gone; peers_new in each; peers_enter at accept, peers_leave at close.
 * Safe:  the counts of a seat are written by its process alone; what others read may be a
 *        moment old, so that a few more may slip through at once.
 */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#define PEERS_SEATS 256

struct peers;
struct peers_area;

/* Where an address is counted. */
struct peer {
	uint16_t bucket[2];
};

/* Lives as long as the process. */
struct peers_area *peers_area_new(void);
/* Nobody is in that seat yet, or any more. */
void peers_area_empty(struct peers_area *a, unsigned seat);

/* area NULL: of this process alone. at_once: connections of one address; rate: new ones a
 * second. 0: no limit. */
struct peers *peers_new(
	struct peers_area *area, unsigned seat, unsigned at_once, unsigned rate);
void peers_free(struct peers **p);
/* False: one too many. */
bool peers_enter(struct peers *p, const char *address, uint64_t now_ms, struct peer *where);
void peers_leave(struct peers *p, struct peer where);

#endif
