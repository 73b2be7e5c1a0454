/*
 * answer_usage - what the model is told for an answer, and what the answer costs.
 */
#ifndef WORKER_ANSWER_USAGE_H
#define WORKER_ANSWER_USAGE_H

#include "answer.h"

/* Writes a->body and a->told: as much as fits the setting and the model. The room's system
 * prompt goes before the setting's. False: there is nothing to answer. */
bool answer_build_prompt(struct answer *a, const struct claim *c)
	__attribute__((warn_unused_result));

/* What the call has cost so far. */
int64_t answer_tokens(const struct answer *a);

/* When the text is whole: what the provider counted, and where it did not (its stream was
 * cut, or it was told to stop), what was metered here. */
void answer_count_usage(struct answer *a);

/* For operators: "503 UNAVAILABLE", or how the connection ended. */
void answer_note_error(struct answer *a, enum err transport);

#endif
