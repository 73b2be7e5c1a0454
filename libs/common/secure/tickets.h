/*
 * tickets - the keys of TLS session tickets: the same in every worker without a word
 * between them, and new every twelve hours.
 *
 * Each period's keys come from a secret that is then replaced by its digest: whoever takes
 * the present one cannot open what was said before the period in front of it. A worker is
 * forked with the ring as it stands, and turns it on by the clock.
 *
 * Use:   tickets_init once, in the master; tickets_turn before each use.
 */
#ifndef SECURE_TICKETS_H
#define SECURE_TICKETS_H

#include <stdint.h>

struct ticket_key {
	uint8_t name[16]; /* in the ticket, in clear */
	uint8_t cipher[32], mac[32];
};

struct ticket_ring {
	int64_t period;
	struct ticket_key key[2]; /* this period's, and the one before it */
	uint8_t secret[32];       /* of the next */
};

void tickets_init(struct ticket_ring *ring, int64_t now_s);
void tickets_turn(struct ticket_ring *ring, int64_t now_s);

#endif
