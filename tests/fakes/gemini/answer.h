/*
 * answer - the text of an answer, put together from the prompt: the same prompt gives the
 * same text. Pure functions.
 */
#ifndef FAKES_GEMINI_ANSWER_H
#define FAKES_GEMINI_ANSWER_H

#include "base/arena.h"

/* bytes 0: a few sentences; else exactly so many, less what would split a character. */
struct str answer_text(struct arena *a, struct str prompt, unsigned turns, size_t bytes);

/* The i-th of n pieces of text: cut anywhere but inside a character. */
struct str answer_piece(struct str text, unsigned i, unsigned n);

#endif
