// needs: services/auth/otp.c
/* One-time codes without Redis: what they look like, how they are kept, how they are named.
 */
#include "../../services/auth/otp.h"

#include "tests/lib/test.h"

#define NUMBER "+918989898989"

static struct otp otp_of(const char *secret_key)
{
	struct otp otp;

	otp_init(&otp, secret_key,
		"castor:test:otp:", &(struct otp_limits){ .per_hour = 5 });
	return otp;
}

TEST(a_code_is_six_digits)
{
	unsigned count[10] = { 0 };

	for (int i = 0; i < 20000; i++) {
		char code[OTP_DIGITS + 1];

		otp_new_code(code);
		CHECK(otp_is_code(str_of(code)));
		count[code[0] - '0']++;
		count[code[5] - '0']++;
	}
	for (int d = 0; d < 10; d++)
		CHECK(count[d] > 3500 &&
			count[d] < 4500); /* 4000 each; 8 standard deviations */
}

TEST(what_is_no_code)
{
	static const struct str bad[] = { STR(""), STR("12345"), STR("1234567"),
		STR("12345a"), STR(" 12345"), STR("12345 "), STR("+12345"), STR("-12345"),
		STR("12.456"), STR("12345\0"), STR("\xd9\xa1\xd9\xa2\xd9\xa3") };

	CHECK(otp_is_code(STR("000000")) && otp_is_code(STR("999999")));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!otp_is_code(bad[i]));
}

TEST(only_the_code_itself_matches)
{
	struct otp otp = otp_of("0123456789abcdef0123456789abcdef"),
		   other = otp_of("another key");
	struct str salt = STR("0123456789abcdef"), salt2 = STR("1123456789abcdef");
	struct str number = STR(NUMBER), code = STR("123456");
	uint8_t bytes[32];

	otp_digest(&otp, salt, number, code, bytes);
	struct str digest = str_span((const char *)bytes, 32);

	CHECK(otp_matches(&otp, salt, digest, number, code));
	CHECK(!otp_matches(&otp, salt, digest, number, STR("123457")));
	CHECK(!otp_matches(&otp, salt, digest, number, STR("")));
	CHECK(!otp_matches(&otp, salt2, digest, number, code));
	CHECK(!otp_matches(&otp, salt, digest, STR("+918989898988"), code));
	CHECK(!otp_matches(&other, salt, digest, number, code));
	CHECK(!otp_matches(&otp, salt, str_span(digest.ptr, 31), number, code));
	CHECK(!otp_matches(&otp, salt, STR_NONE, number, code));
	/* what moves from the number to the code is not the same text */
	CHECK(!otp_matches(&otp, salt, digest, STR("+9189898989891"), STR("23456")));
}

TEST(keys_hide_the_number_and_share_a_slot)
{
	struct otp otp = otp_of("0123456789abcdef0123456789abcdef"),
		   other = otp_of("another key");
	struct arena a;

	arena_init(&a);
	struct str code = otp_number_key(&otp, &a, STR(NUMBER), "code");
	struct str hour = otp_number_key(&otp, &a, STR(NUMBER), "hour");
	size_t end = str_find(code, '}');

	CHECK(str_starts(code, STR("castor:test:otp:{")));
	CHECK(str_ends(code, STR("}:code")));
	CHECK_STR(str_span(code.ptr, end), str_span(hour.ptr, end));
	CHECK(!str_eq(code, otp_number_key(&otp, &a, STR("+918989898988"), "code")));
	CHECK(!str_eq(code, otp_number_key(&other, &a, STR(NUMBER), "code")));
	for (size_t i = 0; i + 5 < code.len; i++)
		CHECK(!str_starts(str_from(code, i), STR("89898")));
	arena_fini(&a);
}

TEST(addresses_are_counted_by_customer)
{
	static const struct {
		const char *one, *other;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::1", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
		{ "2001:DB8:1:2::1", "2001:db8:1:2::1", true },
		{ "", "/run/castor/auth", true },
		{ "192.0.2.1", "", false },
	};
	struct otp otp = otp_of("0123456789abcdef0123456789abcdef");
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str one = otp_address_key(&otp, &a, str_of(rows[i].one));
		struct str other = otp_address_key(&otp, &a, str_of(rows[i].other));

		if (str_eq(one, other) != rows[i].same)
			test_fail(__FILE__, __LINE__, "%s, %s", rows[i].one, rows[i].other);
	}
	arena_fini(&a);
}
