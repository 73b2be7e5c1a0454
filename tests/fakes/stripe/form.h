/*
 * form - application/x-www-form-urlencoded text with bracket keys, read strictly into a
 * flat list: "line_items[0][price]=x" is a pair whose key is exactly that.
 *
 * Refused: bad percent-encoding, bytes that must be encoded, text that is not UTF-8 or
 * holds NUL, pairs without "=", empty or badly bracketed keys, a key given twice (unless it
 * ends in
 * "[]"), a key that is both a value and a container, more than 256 pairs.
 *
 * Owns: nothing; all of it lives in the arena.
 */
#ifndef FAKES_STRIPE_FORM_H
#define FAKES_STRIPE_FORM_H

#include "base/arena.h"

#define FORM_PAIRS_MAX 256
#define FORM_DEPTH_MAX 6

struct form_pair {
	struct str key, value; /* decoded */
	bool used;             /* somebody asked for it */
};

struct form {
	struct form_pair *pairs;
	size_t count;
};

/* NULL if good, else what is wrong (static text). */
const char *form_read(struct arena *a, struct str text, struct form *out);
/* The pair of that key, marked as used; NULL when there is none. */
struct form_pair *form_find(struct form *f, struct str key);
/* The next pair at or after *at whose key is prefix[...] with one more segment, marked as
 * used; *at moves past it and *segment is what stands in the brackets. */
struct form_pair *form_next(
	struct form *f, struct str prefix, size_t *at, struct str *segment);
/* The first pair that nobody asked for; NULL when there is none. */
const struct form_pair *form_unused(const struct form *f);

#endif
