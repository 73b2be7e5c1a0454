/*
 * redis_wire - what goes over the wire: commands into bytes, hiredis' replies into values,
 * error answers into an enum err; and the line of those who wait for an answer.
 */
#ifndef DATA_REDIS_WIRE_H
#define DATA_REDIS_WIRE_H

#include "base/buf.h"
#include "data/redis.h"

/* "*<n>\r\n", then n arguments follow, each by its length. */
void redis_put_count(struct buf *out, int n);
void redis_put_args(struct buf *out, const struct str *args, int n);

/* reply: a hiredis redisReply. */
struct redis_value redis_value_of(const void *reply);
/* ERR_OK for anything but an error answer. */
enum err redis_err_of(const struct redis_value *v);
/* The error answer's first word is this one: "NOSCRIPT", "NOGROUP". */
bool redis_is_error(const struct redis_value *v, const char *word);

/* Who waits for an answer, in the order of asking: a ring that grows. */
struct redis_wait {
	redis_done_fn *done; /* NULL: nobody cares */
	void *ctx;
	uint64_t end; /* where its command ends in the stream of bytes sent */
	enum err e;   /* how it ended, once it waits only to be told */
};
struct redis_line {
	struct redis_wait *slots;
	size_t cap, head, count; /* cap is a power of two */
};
void redis_line_push(struct redis_line *l, struct redis_wait w);
struct redis_wait redis_line_pop(struct redis_line *l); /* must not be empty */
void redis_line_fini(struct redis_line *l);

#endif
