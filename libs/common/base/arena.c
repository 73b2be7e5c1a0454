#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Most requests fit in one block; a few finished ones wait for the next arena. */
#define BLOCK_SIZE 4096
#define SPARE_MAX  64

struct arena_block {
	struct arena_block *older;
	size_t size; /* of the whole block */
};

static _Thread_local struct arena_block *spare;
static _Thread_local unsigned spare_count;

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_fini(struct arena *a)
{
	struct arena_block *b = a->head, *older;

	for (; b; b = older) {
		older = b->older;
		if (a->secret)
			explicit_bzero(b + 1, b->size - sizeof *b);
		if (b->size == BLOCK_SIZE && spare_count < SPARE_MAX) {
			b->older = spare;
			spare = b;
			spare_count++;
		} else {
			free(b);
		}
	}
	*a = (struct arena){ 0 };
}

/* A thread that ends gives its spare blocks back; the main thread's go with the process. */
__attribute__((destructor)) static void free_spare(void)
{
	struct arena_block *b;

	while ((b = spare)) {
		spare = b->older;
		free(b);
	}
	spare_count = 0;
}

static void add_block(struct arena *a, size_t size)
{
	struct arena_block *b;
	size_t whole = BLOCK_SIZE;

	if (size > BLOCK_SIZE - sizeof *b) {
		if (__builtin_add_overflow(size, sizeof *b, &whole))
			abort();
	}
	if (whole == BLOCK_SIZE && spare) {
		b = spare;
		spare = b->older;
		spare_count--;
	} else {
		b = malloc(whole);
		if (!b)
			abort();
	}
	b->size = whole;
	b->older = a->head;
	a->head = b;
	a->next = (char *)(b + 1);
	a->end = (char *)b + whole;
}

char *arena_bytes(struct arena *a, size_t size)
{
	char *p;

	if ((size_t)(a->end - a->next) < size)
		add_block(a, size);
	p = a->next;
	a->next += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	size_t pad = (size_t)(-(uintptr_t)a->next) & (align - 1);
	char *p;

	if (!a->next || (size_t)(a->end - a->next) < pad ||
		(size_t)(a->end - a->next) - pad < size) {
		add_block(a, size); /* a block's first byte is aligned */
		pad = 0;
	}
	p = a->next + pad;
	a->next = p + size;
	return memset(p, 0, size);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p;

	if (s.len == 0)
		return (struct str){ s.ptr ? "" : NULL, 0 };
	p = arena_bytes(a, s.len);
	memcpy(p, s.ptr, s.len);
	return str_span(p, s.len);
}

const char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_bytes(a, s.len + 1);

	if (s.len)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return p;
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int len;
	char *p;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	p = arena_bytes(a, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return str_span(p, (size_t)len);
}
