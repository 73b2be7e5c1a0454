/*
 * What json_parse takes and what it refuses: RFC 8259 to the letter, and on top of it what
 * Postgres or other parsers would trip over.
 */
#include "json/read.h"

#include <stdio.h>

#include "tests/lib/test.h"
#include "json/write.h"

static enum err parse(struct arena *a, struct str text, const struct json **out)
{
	const char *why = NULL;
	enum err e = json_parse(a, text, NULL, out, &why);

	CHECK((e == ERR_OK) == (why == NULL));
	return e;
}

struct sample {
	const char *text;
	size_t len;
};
/* clang-format off */
#define S(literal) { literal, sizeof(literal) - 1 }

static const struct sample good[] = {
	S("null"), S("true"), S("false"), S("0"), S("-0"), S("12"), S("-1.5e+10"),
	S("1E5"), S("0.1"), S("1e-7"), S("\"\""), S("\"a\""), S("[]"), S("{}"),
	S(" \t\r\n[1 , 2]\n "), S("[[],{},\"\",0,null,true]"), S("{\"\":1}"),
	S("{\"a\":{\"a\":{\"a\":1}}}"), S("[{\"a\":1},{\"a\":2}]"),
	S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""), S("\"\\ud83d\\ude00\""),
	S("\"\\uD83D\\uDE00\""), S("\"\xf0\x9f\x98\x80\""), S("\"\xc3\xa9\""),
	S("\"\\\\u0000\""), S("\"\\\\ud800\""), S("\"\x7f\""), S("\"\\u0001\""),
	S("\"\xef\xbb\xbf\""), S("123456789012345678901234567890"), S("1e400"),
	S("\"\\uffff\\ufffe\""), S("\"/* no comment */ // none\""), S("{\"a\":1,\"A\":2}"),
	S("[\"a\\\"b\",\"\\\\\"]"),
};

static const struct sample bad[] = {
	/* nothing, or not a value */
	S(""), S(" "), S("\n"), S("nul"), S("nulll"), S("True"), S("NaN"), S("-NaN"),
	S("Infinity"), S("-Infinity"), S("undefined"), S("'a'"), S("a"), S("\\"),
	S("\\u0041"), S("-"), S("+1"), S("01"), S("-01"), S("1."), S(".5"), S("1.e5"),
	S("1e"), S("1e+"), S("0x10"), S("1_000"), S("--1"), S("1 2"), S("1,2"),
	/* unfinished or badly closed */
	S("["), S("]"), S("{"), S("}"), S("[1"), S("[1,"), S("[1,]"), S("[,1]"),
	S("[1 2]"), S("[1,,2]"), S("{\"a\"}"), S("{\"a\":}"), S("{\"a\":1,}"),
	S("{,\"a\":1}"), S("{a:1}"), S("{'a':1}"), S("{1:1}"), S("{\"a\":1 \"b\":2}"),
	S("{\"a\" 1}"), S("[1}"), S("{\"a\":1]"), S("\""), S("\"a"), S("[\"a]"),
	S("{\"a\":1"), S("{\"a\":[1}"),
	/* more than one value */
	S("1 1"), S("{}{}"), S("{} x"), S("null,"), S("[]]"), S("\"a\"\"b\""), S("{}\0"),
	/* comments */
	S("/* a */ 1"), S("1 // a"), S("[1, /* a */ 2]"), S("# a\n1"), S("// a\n1"),
	/* white space that JSON has not */
	S("\f1"), S("1\f"), S("[1,\f2]"), S("\v1"), S("[1\v]"), S("\xc2\xa0" "1"),
	S("\xe2\x80\xa8" "1"), S("\0" "1"), S("1\0"), S("[\x01]"),
	/* strings */
	S("\"a\nb\""), S("\"a\tb\""), S("\"\x01\""), S("\"\x1f\""), S("\"\0\""),
	S("\"\\x41\""), S("\"\\'\""), S("\"\\a\""), S("\"\\0\""), S("\"\\u12\""),
	S("\"\\u12g4\""), S("\"\\U0041\""), S("\"\\u\""), S("\"\\"), S("\"\\u00"),
	S("\"\\\""), S("\"\\u0000\""), S("\"a\\u0000b\""), S("{\"\\u0000\":1}"),
	S("\"\\\\\\u0000\""), S("\"\\ud800\""), S("\"\\udc00\""), S("\"\\ud800\\ud800\""),
	S("\"\\udc00\\ud800\""), S("\"\\ud800x\""), S("\"\\ud800\\n\""),
	S("\"\\ud83d\\u0041\""), S("\"\\uDFFF\""), S("\"\\ud800\\\\udc00\""),
	S("{\"\\ud800\":1}"), S("\"\\ud800"),
	/* bytes that are not UTF-8 */
	S("\"\xc0\xaf\""), S("\"\xc1\xbf\""), S("\"\xe0\x80\xaf\""),
	S("\"\xf0\x80\x80\xaf\""), S("\"\xed\xa0\x80\""), S("\"\xed\xbf\xbf\""),
	S("\"\xf4\x90\x80\x80\""), S("\"\xf5\x80\x80\x80\""), S("\"\x80\""), S("\"\xc3\""),
	S("\"\xe2\x82\""), S("\"\xff\""), S("\"\xfe\""), S("\xff"), S("\xef\xbb\xbf{}"),
	S("\xef\xbb\xbf"), S("\xff\xfe{\0}\0"),
	/* the same member twice */
	S("{\"a\":1,\"a\":1}"), S("{\"a\":1,\"b\":2,\"a\":3}"),
	S("{\"a\":1,\"\\u0061\":2}"), S("{\"\":1,\"\":2}"),
	S("[{\"x\":{\"a\":1,\"a\":2}}]"),
};
/* clang-format on */

TEST(good_text_is_taken)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct arena a;
		const struct json *j = NULL;

		arena_init(&a);
		if (parse(&a, str_span(good[i].text, good[i].len), &j) != ERR_OK || !j)
			test_fail(__FILE__, __LINE__, "refused: %s", good[i].text);
		arena_fini(&a);
	}
}

TEST(bad_text_is_refused)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct arena a;
		const struct json *j = NULL;

		arena_init(&a);
		if (parse(&a, str_span(bad[i].text, bad[i].len), &j) != ERR_INVALID || j)
			test_fail(__FILE__, __LINE__, "taken: %s (%zu)", bad[i].text, i);
		arena_fini(&a);
	}
}

/* Every cut of a good text is refused or is a whole value by itself, and none reads past
 * its end. */
TEST(a_cut_text_is_refused)
{
	static const char text[] =
		"{\"mobile\":\"+91 "
		"\\ud83d\\ude00\",\"n\":[1,2.5e3,{\"a\":null}],\"t\":true}";

	for (size_t len = 0; len < sizeof text - 1; len++) {
		struct arena a;
		const struct json *j = NULL;

		arena_init(&a);
		struct str cut = arena_dup(&a, str_span(text, len));

		CHECK_INT(parse(&a, cut, &j), ERR_INVALID);
		arena_fini(&a);
	}
}

static struct str nested(struct arena *a, char open, char close, size_t depth)
{
	char *p = arena_bytes(a, 2 * depth);

	memset(p, open, depth);
	memset(p + depth, close, depth);
	return str_span(p, 2 * depth);
}

TEST(depth_is_bounded)
{
	struct arena a;
	const struct json *j;
	const char *why = NULL;

	arena_init(&a);
	CHECK_INT(parse(&a, nested(&a, '[', ']', 32), &j), ERR_OK);
	CHECK_INT(parse(&a, nested(&a, '[', ']', 33), &j), ERR_INVALID);
	CHECK_INT(parse(&a, nested(&a, '[', ']', 300000), &j), ERR_INVALID);
	CHECK_INT(
		json_parse(&a, STR("[[1]]"), &(struct json_limits){ .depth = 1 }, &j, &why),
		ERR_INVALID);
	CHECK_STR(str_of(why), STR("is nested too deeply"));
	CHECK_INT(
		json_parse(&a, STR("[[1]]"), &(struct json_limits){ .depth = 2 }, &j, &why),
		ERR_OK);
	arena_fini(&a);
}

TEST(keys_and_values_are_bounded)
{
	struct arena a;
	struct buf text = { 0 };
	const struct json *j;
	const char *why = NULL;

	arena_init(&a);
	for (int members = 256; members <= 257; members++) {
		struct json_writer w = json_writer(&text);

		buf_clear(&text);
		json_object(&w, NULL);
		for (int i = 0; i < members; i++) {
			char key[16];

			snprintf(key, sizeof key, "k%d", i);
			json_put_i64(&w, key, i);
		}
		json_end(&w);
		CHECK_INT(parse(&a, buf_str(&text), &j),
			members == 256 ? ERR_OK : ERR_INVALID);
	}
	CHECK_INT(json_parse(
			  &a, STR("[1,2]"), &(struct json_limits){ .values = 2 }, &j, &why),
		ERR_INVALID);
	CHECK_STR(str_of(why), STR("has too many values"));
	CHECK_INT(
		json_parse(&a, STR("[1]"), &(struct json_limits){ .values = 2 }, &j, &why),
		ERR_OK);
	buf_fini(&text);
	arena_fini(&a);
}

TEST(the_reason_is_named)
{
	static const struct {
		struct str text;
		const char *why;
	} rows[] = {
		{ STR(""), "is empty" },
		{ STR("\xef\xbb\xbf{}"), "begins with a byte order mark" },
		{ STR("\"\xff\""), "is not valid UTF-8" },
		{ STR("[\f]"), "contains a control character" },
		{ STR("\"\\u0000\""), "contains \\u0000" },
		{ STR("\"\\udead\""), "contains half of a surrogate pair" },
		{ STR("{\"a\":1,\"a\":2}"), "has the same member twice in one object" },
		{ STR(" "), "goes wrong near byte 1" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena a;
		const struct json *j;
		const char *why = NULL;

		arena_init(&a);
		CHECK_INT(json_parse(&a, rows[i].text, NULL, &j, &why), ERR_INVALID);
		CHECK_STR(str_of(why), str_of(rows[i].why));
		arena_fini(&a);
	}
}

TEST(values_are_decoded)
{
	struct arena a;
	const struct json *j = NULL;
	struct uuid id;
	int64_t n = 0;

	arena_init(&a);
	CHECK_INT(parse(&a,
			  STR("{\"s\":\"a\\n\\u00e9\\ud83d\\ude00\\/"
			      "\",\"e\":\"\",\"n\":-42,\"f\":4.0,"
			      "\"big\":9223372036854775808,\"max\":9223372036854775807,"
			      "\"t\":true,\"z\":null,"
			      "\"id\":\"01890A5D-AC96-774B-BCCE-B302099A8057\",\"l\":[[10,"
			      "11],{\"x\":\"y\"}]}"),
			  &j),
		ERR_OK);
	CHECK_STR(json_text(json_get(j, "s")), STR("a\n\xc3\xa9\xf0\x9f\x98\x80/"));
	CHECK(json_text(json_get(j, "e")).ptr != NULL);
	CHECK(json_text(json_get(j, "n")).ptr == NULL);
	CHECK(json_i64(json_get(j, "n"), &n) && n == -42);
	CHECK(!json_i64(json_get(j, "f"), &n) && !json_i64(json_get(j, "big"), &n));
	CHECK(json_i64(json_get(j, "max"), &n) && n == INT64_MAX);
	CHECK(!json_i64(json_get(j, "s"), &n) && !json_i64(NULL, &n));
	CHECK(json_is_true(json_get(j, "t")) && !json_is_true(json_get(j, "z")));
	CHECK(json_uuid(json_get(j, "id"), &id) && id.b[0] == 0x01 && id.b[15] == 0x57);
	CHECK(!json_uuid(json_get(j, "s"), &id));
	CHECK_INT(j->count, 10);
	CHECK_INT(json_at(j, "l")->count, 2);
	CHECK(json_i64(json_at(j, "l.0.1"), &n) && n == 11);
	CHECK_STR(json_text(json_at(j, "l.1.x")), STR("y"));
	CHECK(!json_at(j, "l.2") && !json_at(j, "l.x") && !json_at(j, "s.0") &&
		!json_at(j, "no.way"));
	CHECK(!json_at(NULL, "a") && !json_get(NULL, "a") &&
		!json_get(json_at(j, "l"), "x"));
	arena_fini(&a);
}

/* Longer than the parser's first buffers, with and without escapes. */
TEST(long_strings_arrive_whole)
{
	struct arena a;
	struct buf plain = { 0 }, text = { 0 };
	const struct json *j = NULL;

	arena_init(&a);
	for (int i = 0; i < 20000; i++)
		buf_addf(&plain, i % 7 ? "x%d" : "\n\"%d", i);
	struct json_writer w = json_writer(&text);

	json_array(&w, NULL);
	json_put_str(&w, NULL, buf_str(&plain));
	json_put_str(&w, NULL, STR("end"));
	json_end(&w);
	CHECK_INT(parse(&a, buf_str(&text), &j), ERR_OK);
	CHECK(str_eq(json_text(json_at(j, "0")), buf_str(&plain)));
	CHECK_STR(json_text(json_at(j, "1")), STR("end"));
	buf_fini(&plain);
	buf_fini(&text);
	arena_fini(&a);
}
