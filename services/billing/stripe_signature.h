/*
 * stripe_signature - was this body signed by Stripe, just now?
 *
 * The header is `t=<unix seconds>,v1=<hex>,...`: parts in any order, several v1 while a
 * secret is being changed, other schemes ignored. The MAC is HMAC-SHA-256 over "<t>.<body>"
 * under the whole secret. Anything doubtful is refused: blanks, upper-case hex, a second t.
 * Times more than 300 s away are refused on both sides.
 *
 * Pure functions; comparisons take the same time always.
 */
#ifndef BILLING_STRIPE_SIGNATURE_H
#define BILLING_STRIPE_SIGNATURE_H

#include "base/str.h"

#define STRIPE_SIGNATURE_MAX   8192 /* bytes of the header */
#define STRIPE_SIGNATURE_PARTS 64
#define STRIPE_TOLERANCE_S     300

enum stripe_signature {
	SIGNATURE_GOOD,
	SIGNATURE_MALFORMED, /* no header, no t, no v1, too large */
	SIGNATURE_OLD,       /* t is too far away, on either side */
	SIGNATURE_WRONG,     /* no v1 is right */
};

/* secrets: the current one and perhaps the previous, NULL-terminated; empty ones are
 * skipped. */
enum stripe_signature stripe_signature_check(
	struct str header, struct str body, const char *const *secrets, int64_t now_s);
/* A lasting name, for logs. */
const char *stripe_signature_name(enum stripe_signature s);

#endif
