/*
 * peers - how many connections each client address has, and how fast it opens new ones.
 *
 * Use:   peers_enter at accept, peers_leave at close, peers_sweep now and then.
 * Owns:  one small entry per address that is connected or was so a moment ago.
 */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include <stdint.h>

struct peers;
struct peer;

/* at_once: connections of one address; rate: new ones a second. 0: no limit. */
struct peers *peers_new(unsigned at_once, unsigned rate);
void peers_free(struct peers **p);
/* NULL: one too many. */
struct peer *peers_enter(struct peers *p, const char *address, uint64_t now_ms);
void peers_leave(struct peers *p, struct peer *one);
void peers_sweep(struct peers *p, uint64_t now_ms);

#endif
