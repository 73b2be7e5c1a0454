#include "data/redis_pipe.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#define KEEP 65536 /* bytes of buffer between bursts */

void redis_pipe_open(struct redis_pipe *p)
{
	p->reader = redisReaderCreate();
	if (!p->reader)
		abort();
}

void redis_pipe_close(struct redis_pipe *p,
	void (*end)(void *ctx, const struct redis_wait *w, enum err e), void *ctx)
{
	uint64_t gone = p->sent_before + p->sent, start = 0;
	struct redis_line waiting = p->waiting;

	if (p->reader)
		redisReaderFree(p->reader);
	buf_wipe(&p->out); /* may hold the greeting's password */
	*p = (struct redis_pipe){ 0 };
	while (waiting.count) {
		struct redis_wait w = redis_line_pop(&waiting);

		end(ctx, &w, start < gone ? ERR_UNSURE : ERR_UNAVAILABLE);
		start = w.end;
	}
	redis_line_fini(&waiting);
}

void redis_pipe_put(
	struct redis_pipe *p, const struct redis_cmd *cmd, int tail_args, struct str tail)
{
	redis_put_count(&p->out, cmd->n + tail_args);
	redis_put_args(&p->out, cmd->arg, cmd->n);
	buf_add_str(&p->out, tail);
}

void redis_pipe_wait(struct redis_pipe *p, redis_done_fn *done, void *ctx)
{
	redis_line_push(&p->waiting,
		(struct redis_wait){ done, ctx, p->sent_before + p->out.len, ERR_OK });
}

size_t redis_pipe_unsent(const struct redis_pipe *p)
{
	return p->out.len - p->sent;
}

/* Not at every write: what stays behind is moved down. */
static void drop_sent(struct redis_pipe *p)
{
	if (p->sent < p->out.len && p->sent <= p->out.len / 2)
		return;
	p->sent_before += p->sent;
	if (p->sent == p->out.len)
		buf_shrink(&p->out, KEEP);
	else
		buf_consume(&p->out, p->sent);
	p->sent = 0;
}

bool redis_pipe_flush(struct redis_pipe *p, struct redis_link *link)
{
	while (p->sent < p->out.len) {
		ssize_t n = redis_link_write(link, str_from(buf_str(&p->out), p->sent));

		if (n < 0)
			return false;
		if (n == 0)
			break;
		p->sent += (size_t)n;
	}
	redis_link_await(link, p->sent < p->out.len);
	drop_sent(p);
	return true;
}

/* A failure is remembered by the reader, and found by next. */
void redis_pipe_feed(struct redis_pipe *p, const char *bytes, size_t len)
{
	redisReaderFeed(p->reader, bytes, len);
}

bool redis_pipe_next(struct redis_pipe *p, void **reply)
{
	*reply = NULL;
	return redisReaderGetReply(p->reader, reply) == REDIS_OK;
}
