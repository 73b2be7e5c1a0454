/*
 * token_key - one key of access tokens: an Ed25519 pair, its public half, or an HS256
 * secret. For token_sign.c, token_verify.c and verifier.c only.
 *
 * The algorithm belongs to the key. The kid is the first 16 characters of its JWK
 * thumbprint (RFC 7638), so both sides find the same one without being told.
 *
 * Owns: the OpenSSL key; token_key_fini wipes and frees.
 */
#ifndef SECURE_TOKEN_KEY_H
#define SECURE_TOKEN_KEY_H

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "base/arena.h"
#include "json/write.h"

#define KID_SIZE       16
#define SIGNATURE_MAX  64
#define TOKEN_KEYS_MAX 8 /* a rotation needs two */

struct token_key {
	EVP_PKEY *pair;     /* Ed25519, or its public half; NULL: HS256 */
	uint8_t secret[32]; /* HS256 */
	char kid[KID_SIZE];
};

/* Each gives NULL, or what is wrong with the key; then there is nothing to fini. */
const char *token_key_private(struct token_key *k, const char *pem);
const char *token_key_hs256(struct token_key *k, const char *secret_key);
/* One after the other into keys[TOKEN_KEYS_MAX]; at least one. */
const char *token_keys_public(struct token_key *keys, size_t *count, const char *pems);
void token_key_fini(struct token_key *k);

const char *token_key_alg(const struct token_key *k); /* "EdDSA", "HS256" */
size_t token_key_signature_size(const struct token_key *k);
void token_key_sign(const struct token_key *k, struct str text, uint8_t out[SIGNATURE_MAX]);
bool token_key_verify(const struct token_key *k, struct str text, struct str signature);
/* The public half's "x", base64url, in the arena. Ed25519 only, and so is its JWK. */
struct str token_key_x(const struct token_key *k, struct arena *a);
void token_key_jwk(const struct token_key *k, struct json_writer *w);

#endif
