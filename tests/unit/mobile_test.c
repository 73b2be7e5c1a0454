// needs: services/auth/mobile.c
// needs: services/auth/mobile_regions.c
/* Mobile numbers as people write them, and what is none. */
#include "../../services/auth/mobile.h"

#include "tests/lib/test.h"

static const char *parse(const char *text, const char *region, char out[MOBILE_SIZE])
{
	const struct mobile_region *home = mobile_region_find(str_of(region));

	CHECK(home != NULL);
	return mobile_parse(str_of(text), home, out);
}

TEST(numbers_become_e164)
{
	static const struct {
		const char *text, *region, *want;
	} rows[] = {
		{ "8989898989", "IN", "+918989898989" },
		{ "08989898989", "IN", "+918989898989" },
		{ "+918989898989", "IN", "+918989898989" },
		{ "+91 89898-98989", "US", "+918989898989" },
		{ "0091 8989898989", "DE", "+918989898989" },
		{ " (+91) 8989.898.989 ", "IN", "+918989898989" },
		{ "+91 (0)8989898989", "IN", "+918989898989" },
		{ "(202) 555-0143", "US", "+12025550143" },
		{ "1 202 555 0143", "US", "+12025550143" },
		{ "+1 202 555 0143", "IN", "+12025550143" },
		{ "+1 1 202 555 0143", "IN", "+12025550143" },
		{ "0171 2345678", "DE", "+491712345678" },
		{ "+49 (0) 171 2345678", "IN", "+491712345678" },
		{ "07911 123456", "GB", "+447911123456" },
		{ "8 916 123-45-67", "RU", "+79161234567" },
		{ "8001234567", "RU", "+78001234567" },
		{ "06 30 123 4567", "HU", "+36301234567" },
		{ "301234567", "HU", "+36301234567" },
		{ "80 29 1234567", "BY", "+375291234567" },
		{ "347 123 4567", "IT", "+393471234567" },
		{ "0612345678", "FR", "+33612345678" },
		{ "91234567", "SG", "+6591234567" },
		{ "0912345678", "VN", "+84912345678" },
		{ "+247 40123", "IN", "+24740123" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[MOBILE_SIZE] = "";
		const char *problem = parse(rows[i].text, rows[i].region, out);

		if (problem)
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i].text, problem);
		else
			CHECK_STR(str_of(out), str_of(rows[i].want));
	}
}

TEST(what_is_no_number_is_refused)
{
	static const char *const bad[] = { "", " ", "+", "()", "abc", "89898989",
		"898989898", "89898989890", "0898989898", "00898989898", "+91898989898",
		"+9189898989890", "++918989898989", "91+8989898989", "8989898989+",
		"+91+8989898989", "+999898989898", "+0918989898989", "000918989898989",
		"00", "0", "00918989", "8989898989x1", "8989898989;", "8989898989,",
		"tel:+918989898989", "\t8989898989", "8989898989\n", "8989898989\x01",
		"8989\xe0\xa5\xae", "1234567890123456", "123456789012345678901",
		"+9100898989898", "8989/898989", "*8989898989", "#8989898989" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char out[MOBILE_SIZE] = "untouched";

		if (!parse(bad[i], "IN", out))
			test_fail(__FILE__, __LINE__, "\"%s\" became %s", bad[i], out);
		CHECK_STR(str_of(out), STR("untouched"));
	}
}

TEST(a_nul_byte_is_refused)
{
	char out[MOBILE_SIZE];

	CHECK(mobile_parse(STR("89898989\0 89"), mobile_region_find(STR("IN")), out) !=
		NULL);
}

TEST(regions_are_found_by_their_letters)
{
	CHECK(mobile_region_find(STR("IN")) && mobile_region_find(STR("US")));
	CHECK(!mobile_region_find(STR("")) && !mobile_region_find(STR("in")));
	CHECK(!mobile_region_find(STR("XX")) && !mobile_region_find(STR("IND")));
}

/* The table is fit for use: no number is longer than E.164 allows, no code a prefix of
 * another. */
TEST(the_table_is_sound)
{
	for (const struct mobile_region *r = mobile_regions; r->iso[0]; r++) {
		CHECK(r->min > 0 && r->min <= r->max);
		CHECK(strlen(r->code) + r->max <= 15);
		CHECK(mobile_region_find(str_of(r->iso)) == r); /* no region twice */
		for (const struct mobile_region *o = mobile_regions; o->iso[0]; o++)
			CHECK(!strcmp(o->code, r->code) ||
				!str_starts(str_of(o->code), str_of(r->code)));
	}
}

/* What came out goes in again unchanged, whatever the home region is. */
TEST(e164_is_stable)
{
	for (const struct mobile_region *r = mobile_regions; r->iso[0]; r++) {
		for (unsigned len = r->min; len <= r->max; len++) {
			char text[40] = "+", once[MOBILE_SIZE], twice[MOBILE_SIZE];
			size_t at = 1 + strlen(r->code);

			memcpy(text + 1, r->code, at - 1);
			memset(text + at, '5', len);
			text[at + len] = '\0';
			CHECK(!parse(text, "IN", once));
			CHECK(!parse(once, "US", twice));
			CHECK_STR(str_of(once), str_of(text));
			CHECK_STR(str_of(twice), str_of(once));
		}
	}
}
