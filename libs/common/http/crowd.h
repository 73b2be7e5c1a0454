/*
 * crowd - how many connections each of several processes has that accept from one socket,
 * in memory that they share: so that all together keep to one limit, also with each client
 * address (peers.h), and none takes a burst of connections for itself while others have
 * nothing to do.
 *
 * Use:   crowd_new before the processes are forked; each counts in a seat of its own.
 * Safe:  a seat is written by its process alone; what the others read may be a moment old.
 */
#ifndef HTTP_CROWD_H
#define HTTP_CROWD_H

#include <stdbool.h>

#include "http/peers.h"

#define CROWD_SEATS PEERS_SEATS

struct crowd;

/* Lives as long as the process. */
struct crowd *crowd_new(void);
/* Nobody is there yet, or any more. */
void crowd_empty(struct crowd *c, unsigned seat);
/* Who does not accept is no measure for the others. */
void crowd_accepts(struct crowd *c, unsigned seat, bool accepts);
void crowd_add(struct crowd *c, unsigned seat, int connections);
struct peers_area *crowd_peers(const struct crowd *c);
/* Of all seats. */
unsigned crowd_total(const struct crowd *c);
/* By how many it is above the average of those that accept. */
int crowd_ahead(const struct crowd *c, unsigned seat);

#endif
