#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_fini(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){ 0 };
}

void buf_wipe(struct buf *b)
{
	if (b->ptr)
		explicit_bzero(b->ptr, b->cap);
	buf_fini(b);
}

char *buf_reserve(struct buf *b, size_t more)
{
	size_t need, cap;

	if (b->cap - b->len >= more && b->ptr)
		return b->ptr + b->len;
	if (__builtin_add_overflow(b->len, more, &need) || need > SIZE_MAX / 2)
		abort();
	for (cap = b->cap ? b->cap : 64; cap < need;)
		cap += cap < 1024 ? cap : cap / 2;
	b->ptr = realloc(b->ptr, cap);
	if (!b->ptr)
		abort();
	b->cap = cap;
	return b->ptr + b->len;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(b, len), bytes, len);
	b->len += len;
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.ptr, s.len);
}

void buf_add_char(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_add_u64(struct buf *b, uint64_t n)
{
	char room[STR_U64_SIZE];

	buf_add_str(b, str_of_u64(n, room));
}

void buf_add_i64(struct buf *b, int64_t n)
{
	if (n < 0)
		buf_add_char(b, '-');
	buf_add_u64(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	va_start(ap, fmt);
	vsnprintf(buf_reserve(b, (size_t)len + 1), (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	b->len -= n;
	if (b->len)
		memmove(b->ptr, b->ptr + n, b->len);
}

void buf_shrink(struct buf *b, size_t keep)
{
	b->len = 0;
	if (b->cap > keep)
		buf_fini(b);
}

const char *buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->ptr;
}
