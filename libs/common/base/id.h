/*
 * id - random bytes, and UUIDs (RFC 9562): version 7, so that ids sort by the time they
 * were made. Within one process they are strictly increasing.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/str.h"

struct uuid {
	uint8_t b[16];
};

#define UUID_TEXT_SIZE 37 /* with the final zero */

struct uuid uuid_v7(void);
/* The 36-character form, either letter case; false on anything else. */
bool uuid_parse(struct str text, struct uuid *out);
void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE]);

static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, 16) == 0;
}

static inline bool uuid_is_nil(const struct uuid *u)
{
	static const struct uuid nil;

	return uuid_eq(u, &nil);
}

static inline struct str uuid_bytes(const struct uuid *u)
{
	return str_span((const char *)u->b, 16);
}

/* From getrandom(2), buffered; a failure ends the process. */
void random_bytes(void *out, size_t len);
/* In a forked child: what its parent had in store is not drawn twice. */
void random_forked(void);
/* Uniform in 0 .. bound-1, without modulo bias; bound > 0. */
uint64_t random_below(uint64_t bound);
/* Lower-case hex of `len` bytes into out (2*len characters and a zero). */
void hex_format(const void *bytes, size_t len, char *out);
/* Strict: exactly 2*len lower-case hex digits. */
bool hex_parse(struct str text, void *out, size_t len);

#endif
