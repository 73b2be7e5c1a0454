#include "answer_usage.h"

#include <stdio.h>

#include "base/token_estimate.h"
#include "model_limits.h"

bool answer_build_prompt(struct answer *a, const struct claim *c)
{
	const struct worker *w = a->worker;
	struct model_limit limit = model_limit_of(w, a->model);
	struct prompt p = { .turns = c->turns,
		.count = c->turn_count,
		.max_tokens = model_prompt_tokens(
			&limit, w->context_max_tokens, w->max_output_tokens),
		.system = c->system_prompt.len ? c->system_prompt
					       : str_of(w->system_prompt),
		.max_output_tokens = model_output_tokens(&limit, w->max_output_tokens) };

	return prompt_build(&p, &a->body, &a->told);
}

int64_t answer_tokens(const struct answer *a)
{
	int64_t output = token_estimate(buf_str(&a->text));
	int64_t prompt = a->said.prompt_tokens ? a->said.prompt_tokens : a->told.tokens;

	return prompt + (a->said.output_tokens > output ? a->said.output_tokens : output);
}

void answer_count_usage(struct answer *a)
{
	a->usage.prompt_tokens = a->said.prompt_tokens;
	a->usage.output_tokens = a->said.output_tokens;
	if (!a->said.prompt_tokens && a->told.tokens) {
		a->usage.prompt_tokens = a->told.tokens;
		a->usage.is_estimated = true;
	}
	if (!a->said.output_tokens && a->text.len) {
		a->usage.output_tokens = token_estimate(buf_str(&a->text));
		a->usage.is_estimated = true;
	}
}

void answer_note_error(struct answer *a, enum err transport)
{
	if (a->said.failed)
		snprintf(a->last_error, sizeof a->last_error, "%d%s%s", a->said.code,
			a->said.status[0] ? " " : "", a->said.status);
	else if (transport != ERR_OK)
		snprintf(a->last_error, sizeof a->last_error, "%s", err_name(transport));
	else if (a->said.finish_reason[0] && strcmp(a->said.finish_reason, "STOP") != 0)
		snprintf(a->last_error, sizeof a->last_error, "%s", a->said.finish_reason);
}
