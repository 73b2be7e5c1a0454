// needs: services/ai-worker/prompt.c
#include "services/ai-worker/prompt.h"

#include "tests/lib/test.h"

static struct prompt_told check(const struct prompt *p, int want_turns, const char *want)
{
	struct prompt_told told;
	struct buf out = { 0 };

	CHECK(prompt_build(p, &out, &told));
	CHECK_INT(told.turns, want_turns);
	CHECK_STR(buf_str(&out), str_of(want));
	buf_fini(&out);
	return told;
}

TEST(turns_are_told_oldest_first)
{
	const struct turn turns[] = { { true, STR("c") }, { false, STR("b\"") },
		{ true, STR("a") } };

	check(&(struct prompt){ .turns = turns, .count = 3, .max_tokens = 100 }, 3,
		"{\"contents\":["
		"{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]},"
		"{\"role\":\"model\",\"parts\":[{\"text\":\"b\\\"\"}]},"
		"{\"role\":\"user\",\"parts\":[{\"text\":\"c\"}]}]}");
}

TEST(turns_of_one_role_become_parts_of_one_content)
{
	const struct turn turns[] = { { true, STR("b") }, { true, STR("a") } };

	check(&(struct prompt){ .turns = turns, .count = 2, .max_tokens = 100 }, 2,
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"},{\"text\":"
		"\"b\"}]}]}");
}

/* A token each; turns and depths as in a branch of six messages. */
static const struct turn four[] = { { true, STR("dddd"), 5 }, { false, STR("cccc"), 4 },
	{ true, STR("bbbb"), 3 }, { false, STR("aaaa"), 2 } };

TEST(the_newest_that_fit_beginning_with_the_user)
{
	static const char *const newest =
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"dddd\"}]}]}";

	/* Room for two: the model's turn would come first, so it stays out. */
	check(&(struct prompt){ .turns = four, .count = 4, .max_tokens = 2 }, 1, newest);
	/* The newest is in even when it is too long. */
	check(&(struct prompt){ .turns = four, .count = 4, .max_tokens = 0 }, 1, newest);
}

TEST(what_was_left_out_is_told)
{
	struct prompt p = { .turns = four, .count = 4, .max_tokens = 3 };
	struct prompt_told told;
	struct buf out = { 0 };

	CHECK(prompt_build(&p, &out, &told));
	CHECK_INT(told.turns, 3);
	CHECK_INT(told.left_out, 3);
	CHECK_INT(told.tokens, 3);
	buf_fini(&out);
}

TEST(the_system_prompt_takes_room)
{
	struct prompt p = {
		.turns = four, .count = 4, .max_tokens = 3, .system = STR("be kind")
	};
	struct prompt_told told;
	struct buf out = { 0 };

	CHECK(prompt_build(&p, &out, &told));
	CHECK_INT(told.turns, 1);
	CHECK_INT(told.left_out, 5);
	CHECK_INT(told.tokens, 3);
	buf_fini(&out);
}

TEST(nothing_from_the_user_is_no_prompt)
{
	const struct turn turns[] = { { false, STR("x"), 0 } };
	struct prompt p = { .turns = turns, .count = 1, .max_tokens = 9 };
	struct prompt_told told;
	struct buf out = { 0 };

	CHECK(!prompt_build(&p, &out, &told));
	CHECK_INT(told.turns, 0);
	CHECK_INT(out.len, 0);
	buf_fini(&out);
}

TEST(system_prompt_and_limit_are_said_when_set)
{
	const struct turn turns[] = { { true, STR("a") } };

	check(&(struct prompt){ .turns = turns,
		      .count = 1,
		      .max_tokens = 9,
		      .system = STR("Be kind."),
		      .max_output_tokens = 50 },
		1,
		"{\"systemInstruction\":{\"parts\":[{\"text\":\"Be kind.\"}]},"
		"\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}],"
		"\"generationConfig\":{\"maxOutputTokens\":50}}");
}
