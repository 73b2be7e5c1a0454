/*
 * arena - memory with one lifetime: everything a task makes goes when the task goes.
 *
 * Use:   arena_init; arena_alloc and friends; arena_fini. Nothing in it is freed singly.
 * Owns:  its blocks. Finished blocks are kept on a short per-thread list for the next
 * arena. Fails: never; running out of memory ends the process, so bound sizes from outside
 * first.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *head; /* the block being filled; older ones behind it */
	char *next;               /* first free byte in head */
	char *end;                /* one past head's last byte */
	bool secret;              /* overwritten with zeros at arena_fini */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Not zeroed, not aligned: for bytes about to be written. */
char *arena_bytes(struct arena *a, size_t size);

struct str arena_dup(struct arena *a, struct str s);
const char *arena_cstr(struct arena *a, struct str s); /* zero-terminated copy */
struct str arena_fmt(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
