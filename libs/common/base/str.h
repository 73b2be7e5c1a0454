/*
 * str - a borrowed run of bytes: a pointer and a length, not zero-terminated.
 *
 * Use:  pass by value. Whoever made the bytes says how long they live (an arena, a buf).
 * All comparisons are by bytes; "nocase" folds ASCII letters only.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;
};

/* A str of a string literal; of a zero-terminated string (NULL gives the empty str). */
#define STR(literal) ((struct str){ ("" literal), sizeof(literal) - 1 })
#define STR_NONE     ((struct str){ NULL, 0 })

/* For printf: printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).len, (s).len ? (s).ptr : ""

static inline struct str str_of(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline struct str str_span(const char *ptr, size_t len)
{
	return (struct str){ ptr, len };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The part from byte `from` to the end; empty when `from` is past it. */
static inline struct str str_from(struct str s, size_t from)
{
	return from < s.len ? str_span(s.ptr + from, s.len - from) : STR_NONE;
}

bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Position of the first `c`, or s.len. */
size_t str_find(struct str s, char c);

/*
 * Takes the part before the first `sep` off *rest into *head; false when *rest is used up.
 * "a,,b" gives "a", "", "b"; a trailing separator gives a last "", and so does "" itself;
 * a str with ptr NULL gives nothing.
 */
bool str_cut(struct str *rest, char sep, struct str *head);

/* Without leading and trailing spaces and tabs. */
struct str str_trim(struct str s);

/* Whole-string decimal: digits only (i64: one leading '-'); false on anything else or
 * overflow. */
bool str_u64(struct str s, uint64_t *out);
bool str_i64(struct str s, int64_t *out);

/* Decimal digits of n, written into room; the str points there. */
#define STR_U64_SIZE 20
struct str str_of_u64(uint64_t n, char room[STR_U64_SIZE]);

#endif
