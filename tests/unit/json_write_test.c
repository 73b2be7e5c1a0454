#include "json/write.h"

#include "tests/lib/test.h"
#include "json/read.h"

static struct json_writer writer(struct buf *out)
{
	buf_clear(out);
	return json_writer(out);
}

TEST(commas_and_nesting)
{
	struct buf out = { 0 };
	struct json_writer w = writer(&out);

	json_object(&w, NULL);
	json_put_z(&w, "a", "x");
	json_put_z(&w, "z", NULL);
	json_array(&w, "l");
	json_put_i64(&w, NULL, -9223372036854775807 - 1);
	json_put_bool(&w, NULL, true);
	json_object(&w, NULL);
	json_end(&w);
	json_array(&w, NULL);
	json_end(&w);
	json_put_null(&w, NULL);
	json_end(&w);
	json_put_raw(&w, "r", STR("[1,2]"));
	json_put_bool(&w, "f", false);
	json_end(&w);
	CHECK_STR(buf_str(&out),
		STR("{\"a\":\"x\",\"z\":null,\"l\":[-9223372036854775808,true,{},[],null],"
		    "\"r\":[1,2],\"f\":false}"));
	buf_fini(&out);
}

TEST(a_value_alone)
{
	struct buf out = { 0 };
	struct json_writer w = writer(&out);

	json_put_str(&w, NULL, STR_NONE);
	CHECK_STR(buf_str(&out), STR("\"\""));
	w = writer(&out);
	json_put_i64(&w, NULL, 0);
	CHECK_STR(buf_str(&out), STR("0"));
	buf_fini(&out);
}

TEST(strings_are_escaped)
{
	struct buf out = { 0 };
	struct json_writer w = writer(&out);

	json_object(&w, NULL);
	json_put_str(
		&w, "\"k\\", STR("\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9\xf0\x9f\x98\x80"));
	json_end(&w);
	CHECK_STR(buf_str(&out),
		STR("{\"\\\"k\\\\\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f "
		    "\xc3\xa9\xf0\x9f\x98\x80\"}"));
	buf_clear(&out);
	json_escape(&out, STR("\n\n"));
	CHECK_STR(buf_str(&out), STR("\\n\\n"));
	buf_clear(&out);
	json_escape(&out, STR("plain"));
	json_escape(&out, STR_NONE);
	CHECK_STR(buf_str(&out), STR("plain"));
	buf_fini(&out);
}

TEST(ids_and_times)
{
	struct buf out = { 0 };
	struct json_writer w = writer(&out);
	struct uuid id = { { 1, 0x89, 0x0a, 0x5d, 0xac, 0x96, 0x77, 0x4b, 0xbc, 0xce, 0xb3,
		2, 9, 0x9a, 0x80, 0x57 } };

	json_array(&w, NULL);
	json_put_uuid(&w, NULL, &id);
	json_put_time(&w, NULL, 1795372507123456);
	json_end(&w);
	CHECK_STR(buf_str(&out), STR("[\"01890a5d-ac96-774b-bcce-b302099a8057\",\"2026-11-"
				     "22T18:35:07.123456Z\"]"));
	buf_fini(&out);
}

/* Whatever bytes a string holds, it is read back as it was. */
TEST(every_character_survives)
{
	struct buf out = { 0 };
	struct arena a;

	arena_init(&a);
	for (unsigned c = 1; c < 0x80; c++) {
		char text[3] = { 'x', (char)c, 'y' };
		struct json_writer w = writer(&out);
		const struct json *j = NULL;
		const char *why = NULL;

		json_put_str(&w, NULL, str_span(text, 3));
		CHECK_INT(json_parse(&a, buf_str(&out), NULL, &j, &why), ERR_OK);
		CHECK_STR(json_text(j), str_span(text, 3));
	}
	arena_fini(&a);
	buf_fini(&out);
}

TEST(sixty_four_levels)
{
	struct buf out = { 0 };
	struct json_writer w = writer(&out);

	for (int i = 0; i < 64; i++) {
		if (i % 2)
			json_object(&w, NULL);
		else
			json_array(&w, i ? "k" : NULL);
	}
	for (int i = 0; i < 64; i++)
		json_end(&w);
	CHECK_INT(out.len, 64 * 2 + 31 * 4);
	buf_fini(&out);
}
