/*
 * What requests, and answers that are not taken, may hold in memory: memory_max for all of
 * each. When it is used up, those who hold most of it, or have announced that they will,
 * give way, the newest of them first: requests that are not whole are refused, connections
 * with answers are closed. Else a few who hold much would shut out the many who hold
 * little.
 */
#include "http/conn.h"

#define SMALL   4096 /* so much everybody may hold */
#define LARGE   (512u << 10)
#define REST_MS 100
#define SPARED  32 /* this part of it is made free at once: looking for them takes time */

static const struct refusal no_memory = { 503, "There is no room for more requests now" };

void conn_hold(struct conn *c, size_t bytes)
{
	c->x->held += bytes;
	c->server->held += bytes;
}

void conn_let_go(struct conn *c)
{
	c->server->held -= c->x->held;
	c->x->held = 0;
}

/* ---- requests ---- */

/* A request that is being served will be answered: it counts for nothing here, only what
 * waits behind it. */
static size_t wanted_by(const struct conn *c)
{
	const struct http_exchange *x = c->x;

	if (c->state == CONN_BODY)
		return x->held > x->intake.head.length ? x->held
						       : (size_t)x->intake.head.length;
	return c->state == CONN_HEAD || c->state == CONN_SERVING ? c->pending.len : 0;
}

static void refuse(struct conn *c, const struct conn *current)
{
	if (c->state == CONN_SERVING) {
		c->server->held -= c->pending.len;
		buf_fini(&c->pending);
		conn_close(c);
		return;
	}
	conn_refuse(c, &no_memory);
	if (c != current)
		conn_resume(c); /* to drop what it has sent */
}

/* What is being served may hold all of it: then nobody needs to be looked for again soon.
 */
void conn_limit_requests(struct http_server *s, struct conn *current)
{
	size_t max = s->o.memory_max, enough = max - max / SPARED;
	uint64_t now_ms = server_now_ms(s);

	if (s->held <= max)
		return;
	if (now_ms < s->crowded_until_ms) {
		if (current && wanted_by(current) >= SMALL)
			refuse(current, current);
		return;
	}
	for (size_t least = LARGE; least >= SMALL && s->held > enough; least /= 2) {
		LIST_EACH_BACK (&s->conns, link) {
			struct conn *c = container_of(link, struct conn, link);

			if (s->held > enough && wanted_by(c) >= least)
				refuse(c, current);
		}
	}
	if (s->held > enough)
		s->crowded_until_ms = now_ms + REST_MS;
}

const struct refusal *conn_hold_head(struct conn *c, size_t len)
{
	conn_hold(c, len);
	return len > SMALL && c->server->held > c->server->o.memory_max ? &no_memory : NULL;
}

/* ---- answers ---- */

void conn_note_unsent(struct conn *c)
{
	struct http_server *s = c->server;
	size_t now = conn_buffered(c);

	s->unsent += now - c->unsent; /* unsigned: falls as well as rises */
	c->unsent = now;
	if (s->unsent > s->o.memory_max)
		loop_defer(s->loop, &s->hook);
}

static void cut(struct conn *c)
{
	log_info("answer-not-taken", L_Z("peer", c->peer), L_INT("bytes", c->unsent));
	conn_close(c);
}

void conn_limit_answers(struct http_server *s)
{
	size_t max = s->o.memory_max, enough = max - max / SPARED;

	if (s->unsent <= max)
		return;
	for (size_t least = LARGE; least >= SMALL && s->unsent > enough; least /= 2) {
		LIST_EACH_BACK (&s->conns, link) {
			struct conn *c = container_of(link, struct conn, link);

			if (s->unsent > enough && c->unsent >= least)
				cut(c);
		}
	}
}
