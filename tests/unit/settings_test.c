#include "app/settings.h"

#include <stdlib.h>

#include "tests/lib/test.h"

struct place {
	int64_t n;
	const char *text;
};

static const struct setting table[] = {
	{ "TEST_NUMBER", SETTING_INT, offsetof(struct place, n), "5", "a number", 2, 9 },
	{ "TEST_TEXT", SETTING_STR, offsetof(struct place, text), "", "a text" },
	{ 0 },
};

static bool takes(const char *number)
{
	struct place into = { 0 };
	struct buf problems = { 0 };
	struct arena a;
	bool ok;

	arena_init(&a);
	setenv("TEST_NUMBER", number, 1);
	settings_read(table, &into, &a, &problems);
	ok = problems.len == 0;
	unsetenv("TEST_NUMBER");
	buf_fini(&problems);
	arena_fini(&a);
	return ok;
}

TEST(a_number_must_be_within_its_range)
{
	CHECK(takes("2") && takes("9") && takes(""));
	CHECK(!takes("1") && !takes("10") && !takes("x") && !takes("5s"));
	CHECK(!takes("99999999999999999999"));
}

TEST(the_range_is_told)
{
	struct buf out = { 0 };

	settings_print(table, &out);
	CHECK(strstr(buf_cstr(&out), "a number (2 to 9)\n") != NULL);
	CHECK(strstr(buf_cstr(&out), "a text\n") != NULL);
	buf_fini(&out);
}
