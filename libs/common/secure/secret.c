#include "secure/secret.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <pthread.h>
#include <stdlib.h>

/* OpenSSL looks an algorithm up by name for longer than it takes to hash a token: once is
 * enough. */
static EVP_MD *digest;
static pthread_once_t digest_once = PTHREAD_ONCE_INIT;

static void must(bool ok)
{
	if (!ok)
		abort(); /* out of memory, or an OpenSSL without SHA-256 */
}

static void find_digest(void)
{
	digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(digest != NULL);
}

__attribute__((destructor)) static void free_digest(void)
{
	EVP_MD_free(digest);
}

void sha256(struct str bytes, uint8_t out[32])
{
	pthread_once(&digest_once, find_digest);
	must(EVP_Digest(bytes.ptr, bytes.len, out, NULL, digest, NULL) == 1);
}

void hmac_sha256(struct str key, struct str bytes, uint8_t out[32])
{
	/* A NULL key would mean "the one of last time". */
	const void *k = key.len ? key.ptr : "";

	must(key.len <= INT32_MAX);
	must(HMAC(EVP_sha256(), k, (int)key.len, (const uint8_t *)bytes.ptr, bytes.len, out,
		     NULL) != NULL);
}

void secret_derive(struct str secret, const char *purpose, uint8_t out[32])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char sha[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)secret.ptr, secret.len),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)purpose, strlen(purpose)),
		OSSL_PARAM_construct_end(),
	};

	must(ctx && EVP_KDF_derive(ctx, out, 32, params) == 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

bool secret_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct str base64url_encode(struct arena *a, struct str bytes)
{
	char *out = arena_bytes(a, bytes.len / 3 * 4 + 3), *to = out;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | (uint8_t)bytes.ptr[i];
		for (have += 8; have >= 6; have -= 6)
			*to++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have)
		*to++ = alphabet[bits << (6 - have) & 63];
	return str_span(out, (size_t)(to - out));
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_decode(struct arena *a, struct str text, struct str *out)
{
	char *bytes = arena_bytes(a, text.len / 4 * 3 + 2), *to = bytes;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < text.len; i++) {
		int six = sextet(text.ptr[i]);

		if (six < 0)
			return false;
		bits = bits << 6 | (unsigned)six;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (char)(bits >> have);
		}
	}
	/* A single character over carries no byte; what is left over of a byte must be
	 * zero. */
	if (have >= 6 || (bits & ((1u << have) - 1)) != 0)
		return false;
	*out = str_span(bytes, (size_t)(to - bytes));
	return true;
}

/* ---- what must not guard anything ---- */

#define SECRET_MIN 32 /* bytes */

/* What examples, tutorials and tired people write. */
static bool is_well_known(struct str secret)
{
	static const char *const words[] = { "changeme", "change-me", "change_me",
		"change this", "example", "secret", "password", "insecure", "development",
		"default", "castor" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct str word = str_of(words[i]);

		for (size_t at = 0; at + word.len <= secret.len; at++)
			if (str_eq_nocase(str_span(secret.ptr + at, word.len), word))
				return true;
	}
	return false;
}

static bool has_variety(struct str secret)
{
	bool seen[256] = { false };
	size_t n = 0;

	for (size_t i = 0; i < secret.len; i++) {
		n += !seen[(uint8_t)secret.ptr[i]];
		seen[(uint8_t)secret.ptr[i]] = true;
	}
	return n >= 10;
}

const char *secret_problem(struct str secret)
{
	if (secret.len < SECRET_MIN)
		return "must have at least 32 bytes in production";
	if (is_well_known(secret) || !has_variety(secret))
		return "is a default or easily guessed; make one: openssl rand -base64 32";
	return NULL;
}
