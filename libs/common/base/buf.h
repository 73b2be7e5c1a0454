/*
 * buf - a growable run of bytes on the heap.
 *
 * Use:   zero-initialise (struct buf b = {0}), add, read ptr/len, buf_fini.
 * Owns:  ptr. A pointer into it is good until the next add.
 * Fails: never; running out of memory ends the process, so bound sizes from outside first.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
	char *ptr;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
};

void buf_fini(struct buf *b);
void buf_wipe(struct buf *b); /* overwrites what it held, then buf_fini: for secrets */

static inline struct str buf_str(const struct buf *b)
{
	return str_span(b->ptr, b->len);
}

static inline void buf_clear(struct buf *b)
{
	b->len = 0;
}

/* Room for `more` bytes after len; the caller writes there and adds to len itself. */
char *buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_str(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t n); /* decimal */
void buf_add_i64(struct buf *b, int64_t n);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `n` bytes, moving the rest down. */
void buf_consume(struct buf *b, size_t n);

/* Lets go of the memory if more than `keep` bytes are allocated; empties it either way. */
void buf_shrink(struct buf *b, size_t keep);

/* The bytes as a zero-terminated string (the zero is not counted in len). */
const char *buf_cstr(struct buf *b);

#endif
