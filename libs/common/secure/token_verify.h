/*
 * token_verify - is this text a good token now? A function of the keys, the text and the
 * clock; verifier.c adds the memory of verdicts and of ended sessions.
 */
#ifndef SECURE_TOKEN_VERIFY_H
#define SECURE_TOKEN_VERIFY_H

#include "app/task.h"
#include "secure/token_key.h"

/* NULL and *out set, or why it is refused: static text, for the log alone. */
const char *token_verify(const struct token_key *keys, size_t count, struct str token,
	int64_t now_s, struct identity *out) MUST_USE;

#endif
