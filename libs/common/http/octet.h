/*
 * octet - which bytes may stand where in HTTP and in URIs, as one table of bits.
 */
#ifndef HTTP_OCTET_H
#define HTTP_OCTET_H

#include <stdint.h>

#include "base/str.h"

enum {
	OCTET_NAME = 1,        /* field names: RFC 9110 tokens without '_' */
	OCTET_VALUE = 2,       /* field values: no control character but tab */
	OCTET_PATH = 4,        /* RFC 3986 pchar and '/'; '%' is looked at by itself */
	OCTET_QUERY = 8,       /* the same, '?', and what browsers leave unencoded there */
	OCTET_UNRESERVED = 16, /* what need not be percent-encoded */
};

extern const uint8_t octet_table[256];

static inline bool octet_is(char c, unsigned kinds)
{
	return (octet_table[(unsigned char)c] & kinds) != 0;
}

/* Number of leading bytes of s that are of this kind. */
static inline size_t octet_span(struct str s, unsigned kinds)
{
	size_t n = 0;

	while (n < s.len && octet_is(s.ptr[n], kinds))
		n++;
	return n;
}

/* 0..15, or -1. */
int octet_hex(char c);
/* The byte that "%41" at s stands for; -1 when it is no percent-encoding. */
int octet_percent(struct str s);

#endif
