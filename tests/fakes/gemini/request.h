/*
 * request - the body of generateContent and countTokens, read and checked as Google does:
 * unknown names, unknown roles and empty contents are refused. Names may be lowerCamelCase
 * or snake_case.
 */
#ifndef FAKES_GEMINI_REQUEST_H
#define FAKES_GEMINI_REQUEST_H

#include "json/read.h"

struct request {
	struct str prompt;  /* text of the last turn */
	unsigned turns;     /* of the user */
	int64_t tokens;     /* about, of everything */
	int64_t max_output; /* generationConfig.maxOutputTokens; 0: none */
};

/* NULL if good, else what Google would say is wrong (in the arena). */
const char *request_read(struct arena *a, struct str body, struct request *out);
/* The same for countTokens, which takes contents or a generateContentRequest. */
const char *request_read_count(struct arena *a, struct str body, struct request *out);

#endif
