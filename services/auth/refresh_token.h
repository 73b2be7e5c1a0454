/*
 * refresh_token - 256 random bits that buy one new access token and their own successor.
 * Pure.
 *
 * The database keeps the SHA-256 of a token, never the token. So that a client whose answer
 * was lost can be given the same successor again, the successor is kept sealed under the
 * token it follows: only who holds that one can open it.
 */
#ifndef AUTH_REFRESH_TOKEN_H
#define AUTH_REFRESH_TOKEN_H

#include "base/arena.h"

#define REFRESH_SIZE 32

struct refresh_token {
	uint8_t secret[REFRESH_SIZE];
	uint8_t digest[32];
};

void refresh_token_new(struct refresh_token *r);
/* The 43 characters that a client holds. */
struct str refresh_token_text(const struct refresh_token *r, struct arena *a);
bool refresh_token_parse(struct str text, struct arena *a, struct refresh_token *out);

/* Seals what is open and opens what is sealed. */
void refresh_token_seal(const struct refresh_token *under, const uint8_t in[REFRESH_SIZE],
	uint8_t out[REFRESH_SIZE]);

static inline struct str refresh_token_digest(const struct refresh_token *r)
{
	return str_span((const char *)r->digest, sizeof r->digest);
}

#endif
