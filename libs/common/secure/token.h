/*
 * token - access tokens: JWS compact, header {"alg","kid","typ":"at+jwt"}, claims
 * iss sub aud exp iat nbf jti sid auth_time (RFC 7519, RFC 9068; refusals as RFC 8725 and
 * security-requirements 7 list them). The algorithm belongs to the key, never to the token.
 *
 * Sign:   token_signer (auth only): Ed25519 private key, or HS256 from SECRET_KEY.
 * Verify: verifier: a fixed table of keys by kid; verdicts of good tokens are cached
 * (bounded, by SHA-256 of the whole token, until exp), sessions that were revoked are
 * dropped.
 */
#ifndef SECURE_TOKEN_H
#define SECURE_TOKEN_H

#include "app/task.h"
#include "base/buf.h"

#define TOKEN_MAX      4096 /* bytes */
#define TOKEN_ISSUER   "castor"
#define TOKEN_AUDIENCE "castor"

struct token_signer;
/* pem: PKCS#8 Ed25519 private key; NULL: HS256 with a key derived from secret_key. NULL +
 * *why on a bad key. */
struct token_signer *token_signer_new(
	const char *pem, const char *secret_key, const char **why);
void token_signer_free(struct token_signer **s);
struct str token_sign(struct token_signer *s, struct arena *a, const struct identity *who,
	int64_t life_s);
/* A new key pair, PEM. For `auth keygen`. */
void token_keygen(struct buf *private_pem, struct buf *public_pem);

struct verifier;
/* public_pems: one or more PEM public keys one after the other (rotation); NULL: HS256. */
struct verifier *verifier_new(
	const char *public_pems, const char *secret_key, const char **why);
void verifier_free(struct verifier **v);
/* All of its keys as a JWK set (RFC 7517), for /.well-known/jwks.json: the next one is
 * known before it signs, the last one for as long as its tokens live. {"keys":[]} with
 * HS256. */
void verifier_jwks(const struct verifier *v, struct buf *out);
/* `token` without "Bearer ". ERR_DENIED for anything that is not a good token now. */
enum err verifier_check(
	struct verifier *v, struct str token, struct identity *out) MUST_USE;
/* Tokens of this session are refused from now on. */
void verifier_revoke(
	struct verifier *v, const struct uuid *session_id, int64_t forget_after_s);
/* Is it one of those? */
bool verifier_session_ended(const struct verifier *v, const struct uuid *session_id);

/* The token of an `Authorization: Bearer ...` value (scheme in any case, one space); false
 * if it is none. */
bool token_of_header(struct str authorization, struct str *token);

#endif
