/*
 * tickets - the keys of TLS session tickets, new every twelve hours, of two kinds.
 *
 * Own: each period's keys come from a secret that is then replaced by its digest: whoever
 * takes the present one cannot open what was said before the period in front of it. All
 * workers of a gateway have them without a word between them: each is forked with the ring
 * as it stands, and turns it on by the clock.
 *
 * Common: each period's keys come from a secret that all gateways of an installation have,
 * so that a client resumes with whichever it comes to, also after a restart. That secret is
 * kept, and opens every ticket there ever was. So these keys are for TLS 1.3 alone, where
 * that tells nothing of what was said: each resumed session makes keys of its own, by
 * (EC)DHE. A ticket of TLS 1.2 holds the very keys of its session: it is sealed with own
 * ones, and another gateway shakes hands anew.
 *
 * Use:   tickets_init once, in the master; tickets_share where there is such a secret;
 *        tickets_turn before each use.
 */
#ifndef SECURE_TICKETS_H
#define SECURE_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

struct ticket_key {
	uint8_t name[16]; /* in the ticket, in clear */
	uint8_t cipher[32], mac[32];
};

#define TICKETS_OWN    2 /* this period's, and those of the one before it */
#define TICKETS_COMMON 3 /* and of the next one, for clocks differ a little */

struct ticket_ring {
	int64_t period;
	struct ticket_key own[TICKETS_OWN];
	uint8_t secret[32]; /* of the next own one */
	struct ticket_key common[TICKETS_COMMON];
	uint8_t common_secret[32];
	bool is_shared; /* there are common ones */
};

void tickets_init(struct ticket_ring *ring, int64_t now_s);
/* From now on, common keys from this; NULL: none. */
void tickets_share(struct ticket_ring *ring, const uint8_t secret[32]);
void tickets_turn(struct ticket_ring *ring, int64_t now_s);
/* The keys that tickets of this kind may have; the first one seals new ones. */
const struct ticket_key *tickets_keys(
	const struct ticket_ring *ring, bool common, int *count);

#endif
