/* The table of bytes, against the characters that RFC 9110 and RFC 3986 list. */
#include "http/octet.h"
#include "tests/lib/test.h"

#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS     "0123456789"
#define UNRESERVED LETTERS DIGITS "-._~"
#define PCHAR      UNRESERVED "!$&'()*+,;=:@"

/* Exactly these bytes are of that kind; `high`: and all from 0x80 on. */
static void check_kind(int line, unsigned kind, const char *bytes, bool high)
{
	for (int c = 0; c < 256; c++) {
		bool want = c >= 0x80 ? high : c && strchr(bytes, c);

		if (octet_is((char)c, kind) != want)
			test_fail(__FILE__, line, "0x%02x: %d", c, !want);
	}
}

TEST(bytes_stand_where_the_grammar_lets_them)
{
	check_kind(__LINE__, OCTET_UNRESERVED, UNRESERVED, false);
	check_kind(__LINE__, OCTET_PATH, PCHAR "/", false);
	/* Browsers leave some bytes as they are that the grammar would have encoded. */
	check_kind(__LINE__, OCTET_QUERY,
		PCHAR
		"/?"
		"[]{}|^`",
		false);
	/* tchar without '_' */
	check_kind(__LINE__, OCTET_NAME, LETTERS DIGITS "!#$%&'*+-.^`|~", false);
	check_kind(__LINE__, OCTET_VALUE,
		"\t " LETTERS DIGITS "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true);
}

TEST(spans_end_where_another_kind_begins)
{
	CHECK_INT(octet_span(STR("abc d"), OCTET_NAME), 3);
	CHECK_INT(octet_span(STR("abc"), OCTET_NAME), 3);
	CHECK_INT(octet_span(STR(""), OCTET_NAME), 0);
	CHECK_INT(octet_span(STR("\x00"), OCTET_VALUE), 0);
}

TEST(hex_digits_and_nothing_else)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (int c = 0; c < 256; c++) {
		const char *at = c ? strchr(digits, c) : NULL;
		int place = at ? (int)(at - digits) : -1;

		CHECK_INT(octet_hex((char)c), place < 16 ? place : place - 6);
	}
	CHECK_INT(octet_percent(STR("%4a")), 0x4a);
	CHECK_INT(octet_percent(STR("%Ff5")), 0xff);
	CHECK_INT(octet_percent(STR("%4")), -1);
	CHECK_INT(octet_percent(STR("%g0")), -1);
	CHECK_INT(octet_percent(STR("%0g")), -1);
	CHECK_INT(octet_percent(STR("441")), -1);
	CHECK_INT(octet_percent(STR("")), -1);
}
