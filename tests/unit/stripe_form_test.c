// needs: services/billing/stripe_form.c
// needs: tests/fakes/stripe/form.c
#include "../../services/billing/stripe_form.h"
#include "../fakes/stripe/form.h"

#include "tests/lib/test.h"

static struct arena arena;
static struct form form;

static const char *read_text(const char *text)
{
	arena_fini(&arena);
	arena_init(&arena);
	return form_read(&arena, str_of(text), &form);
}

static void check_refused(const char *text)
{
	const char *wrong = read_text(text);

	if (!wrong)
		test_fail(__FILE__, __LINE__, "\"%s\" was accepted", text);
	arena_fini(&arena);
}

static void check_pair(const char *text, const char *key, struct str value)
{
	struct form_pair *p;

	if (read_text(text)) {
		test_fail(__FILE__, __LINE__, "\"%s\" was refused", text);
		return;
	}
	p = form_find(&form, str_of(key));
	CHECK(p != NULL);
	if (p)
		CHECK_STR(p->value, value);
	arena_fini(&arena);
}

TEST(form_reads_plain_and_bracket_keys)
{
	check_pair("a=1", "a", STR("1"));
	check_pair("a=1&b[c]=2", "b[c]", STR("2"));
	check_pair("line_items[0][price]=price_1", "line_items[0][price]", STR("price_1"));
	check_pair("a%5Bb%5D=1", "a[b]", STR("1"));
	check_pair("metadata[any+text.at-all]=1", "metadata[any text.at-all]", STR("1"));
	check_pair("a[]=1", "a[]", STR("1"));
	check_pair("a=", "a", STR(""));
	check_pair("a=b=c", "a", STR("b=c"));
}

TEST(form_decodes_once)
{
	check_pair("a=%2541", "a", STR("%41"));
	check_pair("a=x+y%20z%2B", "a", STR("x y z+"));
	check_pair("a=%e2%82%AC", "a", STR("\xe2\x82\xac"));
	check_pair("u=%7BCHECKOUT_SESSION_ID%7D", "u", STR("{CHECKOUT_SESSION_ID}"));
}

TEST(form_of_nothing_is_empty)
{
	CHECK(read_text("") == NULL);
	CHECK_INT(form.count, 0);
}

TEST(form_refuses_bad_encoding)
{
	static const char *const bad[] = { "a=%", "a=%4", "a=%4g", "a=%%41", "a=%c3",
		"a=%ff", "a=%ed%a0%80", "a=%c0%af", "a=%00", "a=\xc3\xa9", "a= b", "a=\tb",
		"a=\n", "%=1", "a%00=1" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check_refused(bad[i]);
}

TEST(form_refuses_malformed_keys)
{
	static const char *const bad[] = { "=1", "a", "a&b=1", "&a=1", "a=1&", "a=1&&b=2",
		"[a]=1", "a[=1", "a]=1", "a[b=1", "a[b]c=1", "a[b]]=1", "a[[b]]=1",
		"a[][b]=1", "a b=1", "a.b=1", "a[b][c][d][e][f][g][h]=1" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check_refused(bad[i]);
}

TEST(form_refuses_what_is_said_twice)
{
	check_refused("a=1&a=1");
	check_refused("a=1&%61=2");
	check_refused("a[b]=1&a[b]=2");
	check_refused("a=1&a[b]=2");
	check_refused("a[b]=1&a=2");
	check_refused("a[b]=1&a[b][c]=2");
}

TEST(form_lists_may_repeat)
{
	struct str segment;
	size_t at = 0;

	CHECK(read_text("types[]=x&b=1&types[]=y") == NULL);
	CHECK_STR(form_next(&form, STR("types"), &at, &segment)->value, STR("x"));
	CHECK_STR(segment, STR(""));
	CHECK_STR(form_next(&form, STR("types"), &at, &segment)->value, STR("y"));
	CHECK(!form_next(&form, STR("types"), &at, &segment));
	CHECK_STR(form_unused(&form)->key, STR("b"));
	arena_fini(&arena);
}

TEST(form_walks_one_level_of_a_container)
{
	struct str segment;
	size_t at = 0;

	CHECK(read_text("m[a]=1&m2[x]=1&m[b][c]=2&m[d]=3") == NULL);
	CHECK(form_next(&form, STR("m"), &at, &segment) != NULL);
	CHECK_STR(segment, STR("a"));
	CHECK(form_next(&form, STR("m"), &at, &segment) != NULL);
	CHECK_STR(segment, STR("d"));
	CHECK(!form_next(&form, STR("m"), &at, &segment));
	CHECK_STR(form_unused(&form)->key, STR("m2[x]"));
	arena_fini(&arena);
}

TEST(form_has_a_bound)
{
	struct buf text = { 0 };

	for (int i = 0; i < FORM_PAIRS_MAX; i++)
		buf_addf(&text, "%sa%d=1", i ? "&" : "", i);
	CHECK(read_text(buf_cstr(&text)) == NULL);
	CHECK_INT(form.count, FORM_PAIRS_MAX);
	buf_add_str(&text, STR("&b=1"));
	CHECK(read_text(buf_cstr(&text)) != NULL);
	buf_fini(&text);
	arena_fini(&arena);
}

/* What we write, the reader reads back: every byte but NUL, as the code point of its value.
 */
TEST(what_billing_writes_reads_back)
{
	struct buf value = { 0 }, text = { 0 };

	for (int c = 1; c < 128; c++)
		buf_add_char(&value, (char)c);
	for (int c = 0x80; c < 0x100; c++) {
		buf_add_char(&value, (char)(0xc0 | c >> 6));
		buf_add_char(&value, (char)(0x80 | (c & 0x3f)));
	}
	form_put(&text, "line_items[0][price]", buf_str(&value));
	form_put(&text, "success_url", STR("http://h/?s={CHECKOUT_SESSION_ID}&x=1"));
	CHECK(read_text(buf_cstr(&text)) == NULL);
	CHECK_STR(form_find(&form, STR("line_items[0][price]"))->value, buf_str(&value));
	CHECK_STR(form_find(&form, STR("success_url"))->value,
		STR("http://h/?s={CHECKOUT_SESSION_ID}&x=1"));
	CHECK(!form_unused(&form));
	buf_fini(&value);
	buf_fini(&text);
	arena_fini(&arena);
}

TEST(billing_encodes_all_but_unreserved)
{
	struct buf b = { 0 };

	form_put(&b, "a", STR("AZaz09-._~ &=+%/{}\xc3\xa9"));
	CHECK_STR(buf_str(&b), STR("a=AZaz09-._~%20%26%3D%2B%25%2F%7B%7D%C3%A9"));
	form_put(&b, "b", STR_NONE);
	CHECK(str_ends(buf_str(&b), STR("&b=")));
	buf_fini(&b);
}
