/*
 * chunk - one GenerateContentResponse as JSON: the whole answer, or one piece of a stream.
 */
#ifndef FAKES_GEMINI_CHUNK_H
#define FAKES_GEMINI_CHUNK_H

#include "base/buf.h"

struct chunk {
	struct str text;       /* ptr NULL: a candidate without content */
	bool thought;          /* the text is one */
	bool no_candidates;    /* nothing but usage: blocked, or empty */
	struct str finish;     /* finishReason; empty: there is more to come */
	struct str block;      /* promptFeedback.blockReason; empty: none */
	int64_t prompt_tokens; /* counts so far, of the whole answer */
	int64_t answer_tokens, thought_tokens;
	const char *model, *id;
};

void chunk_write(struct buf *out, const struct chunk *c);

#endif
