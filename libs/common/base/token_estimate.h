/*
 * token_estimate - about how many of a language model's tokens a text is, without its
 * tokenizer.
 *
 * English is some four characters to a token. Other scripts are dearer: a character of two
 * bytes counts as half a token, one of three or four as a whole one; digits and
 * punctuation, which tokenizers seldom join, as half. It errs on the high side. A token is
 * never taken for more than four bytes, so that text of n bytes has at least n / 4.
 */
#ifndef BASE_TOKEN_ESTIMATE_H
#define BASE_TOKEN_ESTIMATE_H

#include "base/str.h"

int64_t token_estimate(struct str text);

#endif
