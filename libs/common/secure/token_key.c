#include "secure/token_key.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "secure/secret.h"

static void must(bool ok)
{
	if (!ok)
		abort(); /* out of memory, or OpenSSL cannot do what it did before */
}

struct str token_key_x(const struct token_key *k, struct arena *a)
{
	uint8_t raw[32];
	size_t len = sizeof raw;

	must(EVP_PKEY_get_raw_public_key(k->pair, raw, &len) == 1 && len == sizeof raw);
	return base64url_encode(a, str_span((const char *)raw, len));
}

void token_key_jwk(const struct token_key *k, struct json_writer *w)
{
	struct arena a;

	arena_init(&a);
	json_object(w, NULL);
	json_put_z(w, "kty", "OKP");
	json_put_z(w, "crv", "Ed25519");
	json_put_str(w, "x", token_key_x(k, &a));
	json_put_z(w, "use", "sig");
	json_put_z(w, "alg", token_key_alg(k));
	json_put_str(w, "kid", str_span(k->kid, KID_SIZE));
	json_end(w);
	arena_fini(&a);
}

/* RFC 7638: SHA-256 of the required members, in order, without white space. */
static void name_key(struct token_key *k)
{
	uint8_t print[32];
	struct str jwk, kid;
	struct arena a;

	arena_init(&a);
	a.secret = true;
	if (k->pair) {
		struct str x = token_key_x(k, &a);

		jwk = arena_fmt(&a, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%.*s\"}",
			STR_ARG(x));
	} else {
		struct str secret = base64url_encode(
			&a, str_span((const char *)k->secret, 32));

		jwk = arena_fmt(&a, "{\"k\":\"%.*s\",\"kty\":\"oct\"}", STR_ARG(secret));
	}
	sha256(jwk, print);
	kid = base64url_encode(&a, str_span((const char *)print, sizeof print));
	memcpy(k->kid, kid.ptr, KID_SIZE);
	arena_fini(&a);
}

const char *token_key_hs256(struct token_key *k, const char *secret_key)
{
	if (!secret_key || !*secret_key)
		return "no key: SECRET_KEY is empty";
	k->pair = NULL;
	secret_derive(str_of(secret_key), "jwt-hs256", k->secret);
	name_key(k);
	return NULL;
}

/* An encrypted key is refused, not asked about on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static const char *take_pair(struct token_key *k, EVP_PKEY *pair)
{
	if (!EVP_PKEY_is_a(pair, "ED25519")) {
		EVP_PKEY_free(pair);
		return "not an Ed25519 key";
	}
	k->pair = pair;
	name_key(k);
	return NULL;
}

static BIO *open_pem(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);

	must(in != NULL);
	return in;
}

const char *token_key_private(struct token_key *k, const char *pem)
{
	BIO *in = open_pem(pem);
	EVP_PKEY *pair = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);

	BIO_free(in);
	ERR_clear_error();
	return pair ? take_pair(k, pair) : "not a PEM private key without a passphrase";
}

static size_t count_blocks(const char *pems)
{
	size_t n = 0;

	while ((pems = strstr(pems, "-----BEGIN "))) {
		pems++;
		n++;
	}
	return n;
}

const char *token_keys_public(struct token_key *keys, size_t *count, const char *pems)
{
	size_t want = count_blocks(pems), n = 0;
	const char *problem = want == 0 ? "not PEM public keys" : NULL;
	BIO *in = open_pem(pems);

	if (want > TOKEN_KEYS_MAX)
		problem = "more than 8 keys";
	while (!problem && n < want) {
		EVP_PKEY *pair = PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL);

		problem = pair ? take_pair(&keys[n], pair) : "not PEM public keys";
		n += !problem;
	}
	BIO_free(in);
	ERR_clear_error();
	while (problem && n > 0)
		token_key_fini(&keys[--n]);
	*count = n;
	return problem;
}

void token_key_fini(struct token_key *k)
{
	EVP_PKEY_free(k->pair);
	OPENSSL_cleanse(k, sizeof *k);
}

const char *token_key_alg(const struct token_key *k)
{
	return k->pair ? "EdDSA" : "HS256";
}

size_t token_key_signature_size(const struct token_key *k)
{
	return k->pair ? 64 : 32;
}

static void mac(const struct token_key *k, struct str text, uint8_t out[32])
{
	hmac_sha256(str_span((const char *)k->secret, sizeof k->secret), text, out);
}

void token_key_sign(const struct token_key *k, struct str text, uint8_t out[SIGNATURE_MAX])
{
	size_t len = SIGNATURE_MAX;

	if (!k->pair) {
		mac(k, text, out);
		return;
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pair) == 1);
	must(EVP_DigestSign(ctx, out, &len, (const uint8_t *)text.ptr, text.len) == 1);
	assert(len == SIGNATURE_MAX);
	EVP_MD_CTX_free(ctx);
}

static bool verify_pair(const struct token_key *k, struct str text, struct str signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	must(ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pair) == 1);
	good = EVP_DigestVerify(ctx, (const uint8_t *)signature.ptr, signature.len,
		       (const uint8_t *)text.ptr, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

bool token_key_verify(const struct token_key *k, struct str text, struct str signature)
{
	uint8_t want[32];

	if (signature.len != token_key_signature_size(k))
		return false;
	if (k->pair)
		return verify_pair(k, text, signature);
	mac(k, text, want);
	return secret_eq(signature, str_span((const char *)want, sizeof want));
}
