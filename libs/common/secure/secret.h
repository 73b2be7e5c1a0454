/*
 * secret - keyed digests, derived keys and comparisons that take the same time always.
 */
#ifndef SECURE_SECRET_H
#define SECURE_SECRET_H

#include "base/arena.h"
#include "base/str.h"

void sha256(struct str bytes, uint8_t out[32]);
void hmac_sha256(struct str key, struct str bytes, uint8_t out[32]);
/* HKDF-SHA-256 (RFC 5869) with an empty salt; purpose as info: "otp", "jwt-hs256",
 * "db:auth". */
void secret_derive(struct str secret, const char *purpose, uint8_t out[32]);
/* Constant-time for equal lengths; false at once for different ones. */
bool secret_eq(struct str a, struct str b);

/* NULL, or why nobody should trust it in production: it is short, or easily guessed. */
const char *secret_problem(struct str secret);

/* RFC 4648 section 5 without padding; strict: unused bits zero, no white space. */
struct str base64url_encode(struct arena *a, struct str bytes);
bool base64url_decode(struct arena *a, struct str text, struct str *out);

#endif
