/*
 * redis_dial - from a URL to a connected link: the name is looked up off the loop, its
 * addresses are tried one after the other.
 *
 * Use:   redis_dial_start; `done` once, from the loop or within start; redis_dial_stop
 * gives up.
 */
#ifndef DATA_REDIS_DIAL_H
#define DATA_REDIS_DIAL_H

#include "data/redis_link.h"
#include "data/redis_url.h"

struct redis_lookup;

struct redis_dial {
	struct loop *loop;
	const struct redis_url *url;
	/* The link is the receiver's; NULL: none, for the reason in why[]. */
	void (*done)(struct redis_dial *d, struct redis_link *link);
	char why[REDIS_WHY_SIZE];
	/* private */
	struct redis_lookup *lookup;
	struct addrinfo *found, *next;
	struct redis_link *link;
};

void redis_dial_start(struct redis_dial *d);
void redis_dial_stop(struct redis_dial *d);

#endif
