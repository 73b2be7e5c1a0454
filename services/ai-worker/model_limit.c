#include "model_limits.h"
#include "json/read.h"

#define ANSWER_TOKENS 8192 /* kept free when no limit is asked for */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t model_output_tokens(const struct model_limit *l, int64_t setting)
{
	return setting > 0 ? least(setting, l->output_tokens) : 0;
}

int64_t model_prompt_tokens(
	const struct model_limit *l, int64_t setting, int64_t output_setting)
{
	int64_t answer = least(
		output_setting > 0 ? output_setting : ANSWER_TOKENS, l->output_tokens);
	int64_t left = l->input_tokens - answer;

	return left < 1 ? 1 : least(setting, left);
}

static void read_limit(const struct json *root, const char *name, int64_t *limit)
{
	int64_t n;

	if (json_i64(json_get(root, name), &n) && n > 0)
		*limit = n;
}

void model_limit_read(struct str json, struct model_limit *l)
{
	const struct json *root;
	const char *why;
	struct arena a;

	arena_init(&a);
	if (json_parse(&a, json, NULL, &root, &why) == ERR_OK &&
		root->kind == JSON_OBJECT) {
		read_limit(root, "inputTokenLimit", &l->input_tokens);
		read_limit(root, "outputTokenLimit", &l->output_tokens);
	}
	arena_fini(&a);
}
