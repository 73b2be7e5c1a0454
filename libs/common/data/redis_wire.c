#include "data/redis_wire.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

void redis_put_count(struct buf *out, int n)
{
	buf_add_char(out, '*');
	buf_add_u64(out, (uint64_t)n);
	buf_add(out, "\r\n", 2);
}

void redis_put_args(struct buf *out, const struct str *args, int n)
{
	for (int i = 0; i < n; i++) {
		buf_add_char(out, '$');
		buf_add_u64(out, args[i].len);
		buf_add(out, "\r\n", 2);
		buf_add_str(out, args[i]);
		buf_add(out, "\r\n", 2);
	}
}

struct redis_value redis_value_of(const void *reply)
{
	const redisReply *r = reply;
	struct redis_value v = { .raw = r };

	switch (r->type) {
	case REDIS_REPLY_INTEGER:
		v.kind = REDIS_INT;
		v.i = r->integer;
		break;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		v.kind = r->type == REDIS_REPLY_STRING   ? REDIS_STR
			 : r->type == REDIS_REPLY_STATUS ? REDIS_STATUS
							 : REDIS_ERROR;
		v.s = str_span(r->str, (size_t)r->len);
		break;
	case REDIS_REPLY_ARRAY:
		v.kind = REDIS_ARRAY;
		v.count = r->elements;
		break;
	default: /* an int; other kinds than nil are RESP3's, which is never asked for */
		v.kind = REDIS_NIL;
	}
	return v;
}

struct redis_value redis_at(const struct redis_value *array, size_t i)
{
	const redisReply *r = array->raw;

	if (array->kind != REDIS_ARRAY || i >= array->count)
		return (struct redis_value){ .kind = REDIS_NIL };
	return redis_value_of(r->element[i]);
}

bool redis_is_error(const struct redis_value *v, const char *word)
{
	struct str w = str_of(word);

	return v && v->kind == REDIS_ERROR && str_starts(v->s, w) &&
	       (v->s.len == w.len || v->s.ptr[w.len] == ' ');
}

enum err redis_err_of(const struct redis_value *v)
{
	static const char *const passing[] = { "LOADING", "READONLY", "OOM", "MASTERDOWN",
		"CLUSTERDOWN", "NOAUTH", "MISCONF", "TRYAGAIN", "BUSY", "NOREPLICAS" };

	if (v->kind != REDIS_ERROR)
		return ERR_OK;
	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
		if (redis_is_error(v, passing[i]))
			return ERR_UNAVAILABLE;
	}
	return ERR_INTERNAL;
}

void redis_line_push(struct redis_line *l, struct redis_wait w)
{
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct redis_wait *slots = malloc(cap * sizeof *slots);

		if (!slots)
			abort();
		for (size_t i = 0; i < l->count; i++)
			slots[i] = l->slots[(l->head + i) & (l->cap - 1)];
		free(l->slots);
		l->slots = slots;
		l->cap = cap;
		l->head = 0;
	}
	l->slots[(l->head + l->count++) & (l->cap - 1)] = w;
}

struct redis_wait redis_line_pop(struct redis_line *l)
{
	struct redis_wait w = l->slots[l->head];

	assert(l->count);
	l->head = (l->head + 1) & (l->cap - 1);
	if (--l->count == 0 && l->cap > 4096)
		redis_line_fini(l); /* a burst is over */
	return w;
}

void redis_line_fini(struct redis_line *l)
{
	free(l->slots);
	*l = (struct redis_line){ 0 };
}
