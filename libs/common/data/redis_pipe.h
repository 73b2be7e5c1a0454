/*
 * redis_pipe - what goes back and forth over one link: commands that wait to be written,
 * those who wait for answers, in order, and hiredis' parser of what came.
 *
 * Use:  redis_pipe_open for a fresh link; put and flush; feed and next; redis_pipe_close
 * with a last word for everybody who still waits.
 */
#ifndef DATA_REDIS_PIPE_H
#define DATA_REDIS_PIPE_H

#include "data/redis_link.h"
#include "data/redis_wire.h"

struct redis_pipe {
	struct buf out;
	size_t sent;          /* bytes of out that are gone */
	uint64_t sent_before; /* bytes that are gone and not in out any more */
	struct redis_line waiting;
	struct redisReader *reader; /* NULL: closed */
};

void redis_pipe_open(struct redis_pipe *p);
/* `end` is called for each, first come first: ERR_UNAVAILABLE if no byte of its command has
 * left (it has not run), else ERR_UNSURE. */
void redis_pipe_close(struct redis_pipe *p,
	void (*end)(void *ctx, const struct redis_wait *w, enum err e), void *ctx);

/* One command: the words of `cmd`, then `tail_args` more that redis_put_args has made
 * ready. */
void redis_pipe_put(
	struct redis_pipe *p, const struct redis_cmd *cmd, int tail_args, struct str tail);
/* Its answer, which is for the one put last, goes to done. */
void redis_pipe_wait(struct redis_pipe *p, redis_done_fn *done, void *ctx);

size_t redis_pipe_unsent(const struct redis_pipe *p); /* bytes */
/* Writes what the link takes; false: the link is of no more use. */
bool redis_pipe_flush(struct redis_pipe *p, struct redis_link *link);

void redis_pipe_feed(struct redis_pipe *p, const char *bytes, size_t len);
/* The next whole answer, for freeReplyObject; NULL: more must come. False: not Redis'
 * protocol. */
bool redis_pipe_next(struct redis_pipe *p, void **reply);

#endif
