// needs: services/auth/refresh_token.c
#include "../../services/auth/refresh_token.h"

#include "secure/secret.h"
#include "tests/lib/test.h"

TEST(what_a_client_holds_is_read_back)
{
	struct refresh_token one, back, other;
	uint8_t digest[32];
	struct arena a;

	arena_init(&a);
	refresh_token_new(&one);
	refresh_token_new(&other);
	struct str text = refresh_token_text(&one, &a);

	CHECK_INT(text.len, 43);
	CHECK(refresh_token_parse(text, &a, &back));
	CHECK(memcmp(one.secret, back.secret, REFRESH_SIZE) == 0);
	CHECK(memcmp(one.digest, back.digest, 32) == 0);
	CHECK(memcmp(one.digest, other.digest, 32) != 0);
	sha256(str_span((const char *)one.secret, REFRESH_SIZE), digest);
	CHECK(str_eq(refresh_token_digest(&one), str_span((const char *)digest, 32)));
	arena_fini(&a);
}

TEST(other_texts_are_none)
{
	static const char good[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const char *const bad[] = { "", "A",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
		" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct refresh_token out;
	struct arena a;

	arena_init(&a);
	CHECK(refresh_token_parse(str_of(good), &a, &out));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!refresh_token_parse(str_of(bad[i]), &a, &out));
	arena_fini(&a);
}

TEST(a_successor_opens_under_its_predecessor_alone)
{
	struct refresh_token one, next, stranger;
	uint8_t sealed[REFRESH_SIZE], opened[REFRESH_SIZE];

	refresh_token_new(&one);
	refresh_token_new(&next);
	refresh_token_new(&stranger);
	refresh_token_seal(&one, next.secret, sealed);
	CHECK(memcmp(sealed, next.secret, REFRESH_SIZE) != 0);
	refresh_token_seal(&one, sealed, opened);
	CHECK(memcmp(opened, next.secret, REFRESH_SIZE) == 0);
	refresh_token_seal(&stranger, sealed, opened);
	CHECK(memcmp(opened, next.secret, REFRESH_SIZE) != 0);
}
