/*
 * model_limits - how much each model takes and gives, asked of the provider at start
 * (GET /v1beta/models/{model}) and again until it has said so; until then a default holds.
 *
 * Use:   model_limits_open when worker's models and outbound are there; model_limit_of any
 *        time; model_limits_close before outbound is closed. Loop thread only.
 */
#ifndef WORKER_MODEL_LIMITS_H
#define WORKER_MODEL_LIMITS_H

#include "base/str.h"

struct worker;
struct model_limits;

struct model_limit {
	int64_t input_tokens, output_tokens;
};

void model_limits_open(struct worker *w);
void model_limits_close(struct worker *w);
struct model_limit model_limit_of(const struct worker *w, unsigned model);

/* What is asked for as maxOutputTokens: the setting (0: not said), within the limit. */
int64_t model_output_tokens(const struct model_limit *l, int64_t setting);
/* What is left for the prompt when room for the answer is kept free; never more than
 * `setting`, and at least 1. */
int64_t model_prompt_tokens(
	const struct model_limit *l, int64_t setting, int64_t output_setting);
/* Reads the provider's description of a model; what it does not say stays. */
void model_limit_read(struct str json, struct model_limit *l);

#endif
