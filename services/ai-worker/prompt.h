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
};

struct prompt {
	const struct turn *turns; /* newest first, as the store gives them */
	int count;
	int64_t max_bytes;         /* of all texts; the newest turn is always in */
	const char *system;        /* NULL: none */
	int64_t max_output_tokens; /* 0: not said */
};

/* Returns how many turns went in. */
int prompt_build(const struct prompt *p, struct buf *out);

#endif
