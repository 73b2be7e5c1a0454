#include "base/token_estimate.h"

#include "tests/lib/test.h"

static int64_t of(const char *z)
{
	return token_estimate(str_of(z));
}

TEST(nothing_costs_nothing)
{
	CHECK_INT(of(""), 0);
}

TEST(english_is_four_characters_to_a_token)
{
	CHECK_INT(of("a"), 1);
	CHECK_INT(of("abcd"), 1);
	CHECK_INT(of("abcde"), 2);
	CHECK_INT(of("How can I track my order"), 6);
}

TEST(digits_and_punctuation_are_dearer)
{
	CHECK_INT(of("1234"), 2);
	CHECK_INT(of("{}[]"), 2);
}

TEST(other_scripts_are_dearer_still)
{
	CHECK_INT(of("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"), 2); /* Latin with accents */
	CHECK_INT(of("\xe4\xbd\xa0\xe5\xa5\xbd"), 2);         /* Chinese */
	CHECK_INT(of("\xf0\x9f\x98\x80"), 1);                 /* an emoji */
}

/* The store is asked for four bytes a token: more text than that must never fit. */
TEST(a_token_is_at_most_four_bytes)
{
	static const char *const texts[] = { "abcdefghijkl", "\xc3\xa4\xc3\xb6\xc3\xbc",
		"\xe4\xbd\xa0\xe5\xa5\xbd", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
		"a1\n\t ?" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		CHECK(of(texts[i]) * 4 >= (int64_t)strlen(texts[i]));
}
