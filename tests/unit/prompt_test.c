// needs: services/ai-worker/prompt.c
#include "services/ai-worker/prompt.h"

#include "tests/lib/test.h"

static void check(const struct prompt *p, int want_turns, const char *want)
{
	struct buf out = { 0 };

	CHECK_INT(prompt_build(p, &out), want_turns);
	CHECK_STR(buf_str(&out), str_of(want));
	buf_fini(&out);
}

TEST(turns_are_told_oldest_first)
{
	const struct turn turns[] = { { true, STR("c") }, { false, STR("b\"") },
		{ true, STR("a") } };

	check(&(struct prompt){ .turns = turns, .count = 3, .max_bytes = 100 }, 3,
		"{\"contents\":["
		"{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]},"
		"{\"role\":\"model\",\"parts\":[{\"text\":\"b\\\"\"}]},"
		"{\"role\":\"user\",\"parts\":[{\"text\":\"c\"}]}]}");
}

TEST(turns_of_one_role_become_parts_of_one_content)
{
	const struct turn turns[] = { { true, STR("b") }, { true, STR("a") } };

	check(&(struct prompt){ .turns = turns, .count = 2, .max_bytes = 100 }, 2,
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"},{\"text\":"
		"\"b\"}]}]}");
}

TEST(the_newest_that_fit_beginning_with_the_user)
{
	const struct turn turns[] = { { true, STR("dddd") }, { false, STR("cccc") },
		{ true, STR("bbbb") }, { false, STR("aaaa") } };

	/* Room for two: the model's turn would come first, so it stays out. */
	check(&(struct prompt){ .turns = turns, .count = 4, .max_bytes = 8 }, 1,
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"dddd\"}]}]}");
	/* The newest is in even when it is too long. */
	check(&(struct prompt){ .turns = turns, .count = 4, .max_bytes = 1 }, 1,
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"dddd\"}]}]}");
}

TEST(nothing_from_the_user_is_no_prompt)
{
	const struct turn turns[] = { { false, STR("x") } };
	struct buf out = { 0 };

	CHECK_INT(
		prompt_build(&(struct prompt){ .turns = turns, .count = 1, .max_bytes = 9 },
			&out),
		0);
	buf_fini(&out);
}

TEST(system_prompt_and_limit_are_said_when_set)
{
	const struct turn turns[] = { { true, STR("a") } };

	check(&(struct prompt){ .turns = turns,
		      .count = 1,
		      .max_bytes = 9,
		      .system = "Be kind.",
		      .max_output_tokens = 50 },
		1,
		"{\"systemInstruction\":{\"parts\":[{\"text\":\"Be kind.\"}]},"
		"\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}],"
		"\"generationConfig\":{\"maxOutputTokens\":50}}");
}
