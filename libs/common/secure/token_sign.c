#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/clock.h"
#include "secure/secret.h"
#include "secure/token.h"
#include "secure/token_key.h"
#include "json/write.h"

struct token_signer {
	struct token_key key;
	struct arena arena;
	struct str head; /* the same for every token: header, encoded, with its point */
};

static struct str encode_head(struct token_signer *s)
{
	struct str json = arena_fmt(&s->arena,
		"{\"alg\":\"%s\",\"kid\":\"%.*s\",\"typ\":\"at+jwt\"}",
		token_key_alg(&s->key), KID_SIZE, s->key.kid);
	struct str text = base64url_encode(&s->arena, json);

	return arena_fmt(&s->arena, "%.*s.", STR_ARG(text));
}

struct token_signer *token_signer_new(
	const char *pem, const char *secret_key, const char **why)
{
	struct token_signer *s = calloc(1, sizeof *s);
	const char *problem;

	if (!s)
		abort();
	problem = pem ? token_key_private(&s->key, pem)
		      : token_key_hs256(&s->key, secret_key);
	if (problem) {
		*why = problem;
		free(s);
		return NULL;
	}
	arena_init(&s->arena);
	s->head = encode_head(s);
	return s;
}

void token_signer_free(struct token_signer **sp)
{
	struct token_signer *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	token_key_fini(&s->key);
	arena_fini(&s->arena);
	free(s);
}

static void put_claims(struct buf *out, const struct identity *who, int64_t life_s)
{
	struct json_writer w = json_writer(out);
	struct uuid id = uuid_v7();
	int64_t now = clock_wall_s();

	json_object(&w, NULL);
	json_put_z(&w, "iss", TOKEN_ISSUER);
	json_put_uuid(&w, "sub", &who->user_id);
	json_put_z(&w, "aud", TOKEN_AUDIENCE);
	json_put_i64(&w, "exp", now + life_s);
	json_put_i64(&w, "iat", now);
	json_put_i64(&w, "nbf", now);
	json_put_uuid(&w, "jti", &id);
	json_put_uuid(&w, "sid", &who->session_id);
	json_put_i64(&w, "auth_time", who->auth_time_s);
	json_end(&w);
}

struct str token_sign(
	struct token_signer *s, struct arena *a, const struct identity *who, int64_t life_s)
{
	uint8_t signature[SIGNATURE_MAX];
	struct buf text = { 0 };
	struct str token;

	put_claims(&text, who, life_s);
	struct str claims = base64url_encode(a, buf_str(&text));

	buf_clear(&text);
	buf_add_str(&text, s->head);
	buf_add_str(&text, claims);
	token_key_sign(&s->key, buf_str(&text), signature);
	buf_add_char(&text, '.');
	buf_add_str(&text, base64url_encode(a, str_span((const char *)signature,
						       token_key_signature_size(&s->key))));
	assert(text.len <= TOKEN_MAX);
	token = arena_dup(a, buf_str(&text));
	buf_wipe(&text);
	return token;
}

static void take_text(BIO *from, struct buf *to)
{
	char *bytes;
	long len = BIO_get_mem_data(from, &bytes);

	buf_add(to, bytes, (size_t)len);
	BIO_free(from);
}

void token_keygen(struct buf *private_pem, struct buf *public_pem)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *secret = BIO_new(BIO_s_secmem()), *shown = BIO_new(BIO_s_mem());

	if (!pair || !secret || !shown ||
		!PEM_write_bio_PKCS8PrivateKey(secret, pair, NULL, NULL, 0, NULL, NULL) ||
		!PEM_write_bio_PUBKEY(shown, pair))
		abort();
	take_text(secret, private_pem);
	take_text(shown, public_pem);
	EVP_PKEY_free(pair);
}
