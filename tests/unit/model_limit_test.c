// needs: services/ai-worker/model_limit.c
#include "services/ai-worker/model_limits.h"

#include "tests/lib/test.h"

static const struct model_limit small = { 10000, 2000 };

TEST(what_the_provider_says_is_taken)
{
	struct model_limit l = { 1, 2 };

	model_limit_read(STR("{\"name\":\"models/m\",\"inputTokenLimit\":1048576,"
			     "\"outputTokenLimit\":65536}"),
		&l);
	CHECK_INT(l.input_tokens, 1048576);
	CHECK_INT(l.output_tokens, 65536);
}

TEST(what_it_does_not_say_stays)
{
	static const char *const odd[] = { "", "[]", "{", "{\"inputTokenLimit\":\"x\"}",
		"{\"inputTokenLimit\":0,\"outputTokenLimit\":-1}" };
	struct model_limit l = { 1, 2 };

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		model_limit_read(str_of(odd[i]), &l);
	CHECK_INT(l.input_tokens, 1);
	CHECK_INT(l.output_tokens, 2);
}

TEST(output_is_asked_for_within_the_limit)
{
	CHECK_INT(model_output_tokens(&small, 0), 0);
	CHECK_INT(model_output_tokens(&small, 500), 500);
	CHECK_INT(model_output_tokens(&small, 5000), 2000);
}

TEST(the_prompt_leaves_room_for_the_answer)
{
	CHECK_INT(model_prompt_tokens(&small, 50000, 0), 8000);
	CHECK_INT(model_prompt_tokens(&small, 50000, 500), 9500);
	CHECK_INT(model_prompt_tokens(&small, 50000, 50000), 8000);
	CHECK_INT(model_prompt_tokens(&small, 300, 0), 300);
	CHECK_INT(model_prompt_tokens(&(struct model_limit){ 10, 20 }, 300, 0), 1);
}
