/* Digests against the vectors of their standards; base64url to the letter. */
#include "secure/secret.h"

#include <stdlib.h>

#include "base/id.h"
#include "tests/lib/test.h"

static struct str hex(const uint8_t bytes[32])
{
	static char text[65];

	hex_format(bytes, 32, text);
	return str_of(text);
}

/* FIPS 180-2, appendix B; and nothing at all. */
TEST(sha256_vectors)
{
	uint8_t out[32];

	sha256(STR("abc"), out);
	CHECK_STR(hex(out),
		STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	sha256(STR_NONE, out);
	CHECK_STR(hex(out),
		STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

/* RFC 4231, cases 1, 2, 6; and an empty key. */
TEST(hmac_vectors)
{
	uint8_t out[32];
	char key[131];

	memset(key, 0x0b, 20);
	hmac_sha256(str_span(key, 20), STR("Hi There"), out);
	CHECK_STR(hex(out),
		STR("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
	hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
	CHECK_STR(hex(out),
		STR("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	memset(key, 0xaa, sizeof key);
	hmac_sha256(str_span(key, sizeof key),
		STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	CHECK_STR(hex(out),
		STR("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
	hmac_sha256(STR_NONE, STR_NONE, out);
	CHECK_STR(hex(out),
		STR("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

/* RFC 5869, case 3: no salt, no info; the first 32 of its 42 bytes. */
TEST(hkdf_vector)
{
	uint8_t out[32];
	char key[22];

	memset(key, 0x0b, sizeof key);
	secret_derive(str_span(key, sizeof key), "", out);
	CHECK_STR(hex(out),
		STR("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"));
}

TEST(purposes_give_different_keys)
{
	uint8_t a[32], b[32], again[32];

	secret_derive(STR("secret"), "otp", a);
	secret_derive(STR("secret"), "jwt-hs256", b);
	secret_derive(STR("secret"), "otp", again);
	CHECK(memcmp(a, b, 32) != 0);
	CHECK(memcmp(a, again, 32) == 0);
}

TEST(comparison)
{
	CHECK(secret_eq(STR("abc"), STR("abc")));
	CHECK(!secret_eq(STR("abc"), STR("abd")));
	CHECK(!secret_eq(STR("abc"), STR("ab")));
	CHECK(secret_eq(STR_NONE, STR("")));
}

/* RFC 4648, section 10, in the URL alphabet and without padding. */
TEST(base64url_there_and_back)
{
	static const struct {
		struct str bytes, text;
	} rows[] = {
		{ STR(""), STR("") },
		{ STR("f"), STR("Zg") },
		{ STR("fo"), STR("Zm8") },
		{ STR("foo"), STR("Zm9v") },
		{ STR("foob"), STR("Zm9vYg") },
		{ STR("fooba"), STR("Zm9vYmE") },
		{ STR("foobar"), STR("Zm9vYmFy") },
		{ STR("\xff\xef\xbe"), STR("_---") },
		{ STR("\0\0\0\0"), STR("AAAAAA") },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str back = STR("unset");

		CHECK_STR(base64url_encode(&a, rows[i].bytes), rows[i].text);
		CHECK(base64url_decode(&a, rows[i].text, &back));
		CHECK_STR(back, rows[i].bytes);
	}
	arena_fini(&a);
}

TEST(base64url_is_strict)
{
	static const struct str bad[] = { STR("A"), STR("AAAAA"), STR("Zg=="), STR("Zg="),
		STR("Zm9v\n"), STR(" Zm9v"), STR("Zm 9v"), STR("Zm+v"), STR("Zm/v"),
		STR("Zh"), STR("Zm9"), STR("Zm9vYh"), STR("Zm\0v"), STR("Zm\xc3\xa9"),
		STR("."), STR("=") };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct str out;

		if (base64url_decode(&a, bad[i], &out))
			test_fail(__FILE__, __LINE__, "taken: %.*s", STR_ARG(bad[i]));
	}
	arena_fini(&a);
}

TEST(base64url_of_random_bytes)
{
	struct arena a;

	for (size_t len = 0; len < 100; len++) {
		char bytes[100];
		struct str back;

		arena_init(&a);
		random_bytes(bytes, len);
		CHECK(base64url_decode(
			&a, base64url_encode(&a, str_span(bytes, len)), &back));
		CHECK(str_eq(back, str_span(bytes, len)));
		arena_fini(&a);
	}
}
