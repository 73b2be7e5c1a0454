/*
 * prompt - the body of a streamGenerateContent call: the newest turns that fit, oldest
 * first. (Gemini API, GenerateContentRequest: roles are only user and model; turns of one
 * role that follow each other become parts of one content.)
 */
#ifndef WORKER_PROMPT_H
#define WORKER_PROMPT_H

#include "base/buf.h"

struct turn {
	bool from_user;
	struct str text;
	int64_t depth; /* how many messages of its branch came before it */
};

struct prompt {
	const struct turn *turns; /* newest first, as the store gives them */
	int count;
	int64_t max_tokens; /* of the system prompt and all turns, by token_estimate; the
			       newest turn is always in */
	struct str system;  /* empty: none */
	int64_t max_output_tokens; /* 0: not said */
};

/* What went in. */
struct prompt_told {
	int turns;
	int64_t left_out; /* messages of the branch before the first turn that is told */
	int64_t tokens;   /* by token_estimate */
};

/* False: there is nothing from the user, and nothing was written. */
bool prompt_build(const struct prompt *p, struct buf *out, struct prompt_told *told)
	__attribute__((warn_unused_result));

#endif
