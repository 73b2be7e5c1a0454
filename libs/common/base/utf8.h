/*
 * utf8 - strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

bool utf8_valid(struct str s);

/* Number of code points; s must be valid. */
size_t utf8_count(struct str s);

/* Length in bytes of the longest prefix that does not end inside a sequence. */
size_t utf8_whole(struct str s);

#endif
