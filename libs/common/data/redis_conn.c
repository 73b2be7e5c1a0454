#include "data/redis_conn.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/redis_dial.h"
#include "data/redis_pipe.h"

#define ATTEMPT_MS  1000 /* from looking for the server to the end of the greeting */
#define PAUSE_MS    50   /* before the first further attempt; doubles */
#define PAUSE_MAX   500  /* as much again is left to chance */
#define TICK_MS     1000 /* or a third of the patience */
#define WAITING_MAX 100000
#define UNSENT_MAX  (64u << 20)
#define READ_SIZE                                                                          \
	16384        /* a TLS record; with more, hiredis' parser moves more than it saves */
#define READS_MAX 16 /* per turn, so that others get theirs */

unsigned redis_patience_ms = 3000;

enum conn_state { DOWN, DIALLING, GREETING, UP, CLOSED };

struct redis_conn {
	struct redis_conn_options o;
	struct arena arena; /* holds the URL's parts; secret */
	struct redis_url url;
	enum conn_state state;
	struct timer timer; /* DOWN: the pause; UP: the tick; else: the attempt's end */
	uint64_t pause_ms;
	uint64_t age;   /* number of links that broke: tells a loop that its own did */
	bool said_lost; /* logged already: one line per outage */

	struct redis_dial dial;
	SSL_CTX *tls;
	struct redis_link *link;
	struct redis_pipe pipe;
	struct loop_hook flush;
	bool flush_put_off;
	struct redis_line ended; /* to be told so at the end of the turn */
	struct loop_hook tell;

	uint64_t patience_ms, tick_every_ms;
	uint64_t owed_since_ms; /* an answer is owed, and nothing came since; 0: none is */
	uint64_t heard_ms;      /* when something came last */
	uint64_t tick_ms;

	void (*closed)(void *ctx);
	void *closed_ctx;
};

static uint64_t now_ms(const struct redis_conn *c)
{
	return uv_now(&c->o.loop->uv);
}

bool redis_conn_is_up(const struct redis_conn *c)
{
	return c->state == UP;
}

bool redis_conn_is_lost(const struct redis_conn *c)
{
	return c->said_lost;
}

/* ---- how commands end without an answer ---- */

static void tell_ended(struct loop_hook *hook)
{
	struct redis_conn *c = container_of(hook, struct redis_conn, tell);

	for (size_t n = c->ended.count; n > 0; n--) {
		struct redis_wait w = redis_line_pop(&c->ended);

		w.done(w.ctx, w.e, NULL);
	}
}

static void end_later(void *ctx, const struct redis_wait *w, enum err e)
{
	struct redis_conn *c = ctx;

	if (!w->done)
		return;
	redis_line_push(&c->ended, (struct redis_wait){ w->done, w->ctx, 0, e });
	loop_defer(c->o.loop, &c->tell);
}

static void clear_link(struct redis_conn *c)
{
	redis_dial_stop(&c->dial);
	redis_link_free(&c->link);
	loop_hook_cancel(&c->flush);
	redis_pipe_close(&c->pipe, end_later, c);
	c->owed_since_ms = 0;
	c->age++;
}

static void lost(struct redis_conn *c, const char *why)
{
	bool was_up = c->state == UP;

	if (!c->said_lost)
		log_warn("redis-lost", L_Z("who", c->o.client_name), L_Z("why", why));
	c->said_lost = true;
	clear_link(c);
	c->state = DOWN;
	timer_start(&c->timer, c->pause_ms + random_below(c->pause_ms), 0);
	c->pause_ms = c->pause_ms * 2 < PAUSE_MAX ? c->pause_ms * 2 : PAUSE_MAX;
	if (was_up && c->o.down)
		c->o.down(c->o.ctx);
}

void redis_conn_drop(struct redis_conn *c, const char *why)
{
	if (c->state != DOWN && c->state != CLOSED)
		lost(c, why);
}

/* ---- sending ---- */

static void flush(struct redis_conn *c)
{
	if (!redis_pipe_flush(&c->pipe, c->link))
		lost(c, c->link->why);
}

/* Others that were put off may have commands of their own: they go along. */
static void on_flush(struct loop_hook *hook)
{
	struct redis_conn *c = container_of(hook, struct redis_conn, flush);

	c->flush_put_off = !c->flush_put_off && !list_empty(&c->o.loop->deferred);
	if (c->flush_put_off)
		loop_defer(c->o.loop, &c->flush);
	else
		flush(c);
}

static bool are_pushes(const struct redis_conn *c)
{
	return c->state == UP && c->o.push;
}

static void put(struct redis_conn *c, const struct redis_cmd *cmd, int tail_args,
	struct str tail, redis_done_fn *done, void *ctx)
{
	redis_pipe_put(&c->pipe, cmd, tail_args, tail);
	if (!are_pushes(c))
		redis_pipe_wait(&c->pipe, done, ctx);
	if (!c->owed_since_ms)
		c->owed_since_ms = now_ms(c);
	loop_defer(c->o.loop, &c->flush);
}

void redis_conn_send(struct redis_conn *c, const struct redis_cmd *cmd, int tail_args,
	struct str tail, redis_done_fn *done, void *ctx)
{
	const struct redis_wait refused = { .done = done, .ctx = ctx };

	assert(cmd->n > 0 && cmd->n <= REDIS_ARGS_MAX);
	if (c->state != UP)
		end_later(c, &refused, ERR_UNAVAILABLE);
	else if (c->pipe.waiting.count >= WAITING_MAX ||
		 redis_pipe_unsent(&c->pipe) >= UNSENT_MAX)
		end_later(c, &refused, ERR_BUSY);
	else
		put(c, cmd, tail_args, tail, done, ctx);
}

/* ---- answers ---- */

static void answered(struct redis_conn *c, const struct redis_value *v)
{
	struct redis_wait w;

	if (are_pushes(c)) {
		c->o.push(c->o.ctx, v);
		return;
	}
	if (!c->pipe.waiting.count) {
		lost(c, "an answer to no question");
		return;
	}
	w = redis_line_pop(&c->pipe.waiting);
	if (w.done)
		w.done(w.ctx, redis_err_of(v), v);
}

/* True while the link is still the one that was read. */
static bool answer_all(struct redis_conn *c)
{
	uint64_t age = c->age;

	while (c->age == age) {
		struct redis_value v;
		void *reply;
		bool moved;

		if (!redis_pipe_next(&c->pipe, &reply)) {
			lost(c, "not Redis' protocol");
			return false;
		}
		if (!reply)
			return true;
		v = redis_value_of(reply);
		moved = redis_is_error(&v, "READONLY");
		answered(c, &v);
		freeReplyObject(reply);
		if (moved && c->age == age)
			lost(c, "the server has become a replica");
	}
	return false;
}

static void read_some(struct redis_conn *c)
{
	char bytes[READ_SIZE];

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = redis_link_read(c->link, bytes, sizeof bytes);

		if (n < 0) {
			lost(c, c->link->why);
			return;
		}
		if (n == 0)
			break;
		c->heard_ms = now_ms(c);
		redis_pipe_feed(&c->pipe, bytes, (size_t)n);
		if (!answer_all(c))
			return;
		c->owed_since_ms = c->pipe.waiting.count ? c->heard_ms : 0;
		if ((size_t)n < sizeof bytes && !c->link->ssl)
			break;
	}
	if (c->link->ssl)
		flush(c); /* TLS may have had to read before it could write */
}

static void on_ready(struct redis_link *l, int events)
{
	struct redis_conn *c = l->owner;
	uint64_t age = c->age;

	if (events & UV_READABLE)
		read_some(c);
	if ((events & UV_WRITABLE) && c->age == age)
		flush(c);
}

/* ---- from DOWN to UP ---- */

static void greeted(struct redis_conn *c)
{
	c->state = UP;
	c->pause_ms = PAUSE_MS;
	c->tick_ms = c->heard_ms = now_ms(c);
	timer_start(&c->timer, c->tick_every_ms, c->tick_every_ms);
	if (c->said_lost)
		log_info("redis-back", L_Z("who", c->o.client_name));
	c->said_lost = false;
	if (c->o.up)
		c->o.up(c->o.ctx);
}

static void on_login(void *ctx, enum err e, const struct redis_value *v)
{
	struct redis_conn *c = ctx;
	char why[120];

	if (!v || e == ERR_OK)
		return;
	snprintf(why, sizeof why, "%.*s", STR_ARG(v->s));
	redis_conn_drop(c, why);
}

/* The name is a courtesy: only a server that asks for a login first is a reason to stop. */
static void on_named(void *ctx, enum err e, const struct redis_value *v)
{
	struct redis_conn *c = ctx;

	(void)e;
	if (!v)
		return;
	if (redis_is_error(v, "NOAUTH") || redis_is_error(v, "DENIED"))
		on_login(ctx, ERR_DENIED, v);
	else
		greeted(c);
}

static void put_word(struct redis_conn *c, struct redis_cmd cmd, redis_done_fn *done)
{
	put(c, &cmd, 0, STR_NONE, done, c);
}

static void greet(struct redis_conn *c)
{
	const struct redis_url *u = &c->url;

	c->state = GREETING;
	redis_pipe_open(&c->pipe);
	if (u->user.len)
		put_word(c, REDIS_CMD(STR("AUTH"), u->user, u->password), on_login);
	else if (u->password.len)
		put_word(c, REDIS_CMD(STR("AUTH"), u->password), on_login);
	if (u->db) {
		char db[16];

		snprintf(db, sizeof db, "%u", u->db);
		put_word(c, REDIS_CMD(STR("SELECT"), str_of(db)), on_login);
	}
	put_word(c, REDIS_CMD(STR("CLIENT"), STR("SETNAME"), str_of(c->o.client_name)),
		on_named);
}

static void on_dialled(struct redis_dial *d, struct redis_link *link)
{
	struct redis_conn *c = container_of(d, struct redis_conn, dial);

	if (!link) {
		lost(c, d->why);
		return;
	}
	c->link = link;
	link->owner = c;
	link->ready = on_ready;
	if (c->url.tls)
		redis_link_secure(link, c->tls, c->url.host);
	greet(c);
}

/* ---- time ---- */

static void tick(struct redis_conn *c)
{
	uint64_t now = now_ms(c), since = now - c->tick_ms;

	c->tick_ms = now;
	/* If this process stood still itself, the answer may be there, unread. */
	if (since > c->tick_every_ms + c->patience_ms / 2)
		return;
	if (c->owed_since_ms && now - c->owed_since_ms >= c->patience_ms)
		lost(c, "no answer in time");
	else if (!c->owed_since_ms && now - c->heard_ms >= c->patience_ms * 2 / 3)
		put(c, &REDIS_CMD(STR("PING")), 0, STR_NONE, NULL, NULL);
}

static void on_timer(struct timer *t)
{
	struct redis_conn *c = container_of(t, struct redis_conn, timer);

	switch (c->state) {
	case DOWN:
		c->state = DIALLING;
		timer_start(&c->timer, ATTEMPT_MS, 0);
		redis_dial_start(&c->dial);
		break;
	case DIALLING:
		lost(c, "cannot be reached in time");
		break;
	case GREETING:
		lost(c, "does not answer the greeting");
		break;
	case UP:
		tick(c);
		break;
	case CLOSED:
		break;
	}
}

/* ---- open and close ---- */

struct redis_conn *redis_conn_open(const struct redis_conn_options *o)
{
	struct redis_conn *c = calloc(1, sizeof *c);
	const char *why;

	if (!c)
		abort();
	c->o = *o;
	arena_init(&c->arena);
	c->arena.secret = true;
	c->o.client_name = arena_cstr(&c->arena, str_of(o->client_name));
	why = redis_url_parse(&c->arena, str_of(o->url), &c->url);
	assert(!why);
	(void)why;
	if (c->url.tls)
		c->tls = redis_tls_new();
	c->dial =
		(struct redis_dial){ .loop = o->loop, .url = &c->url, .done = on_dialled };
	c->flush.run = on_flush;
	c->tell.run = tell_ended;
	c->patience_ms = o->patience_ms ? o->patience_ms : redis_patience_ms;
	c->tick_every_ms = c->patience_ms / 3 < TICK_MS ? c->patience_ms / 3 : TICK_MS;
	c->pause_ms = PAUSE_MS;
	timer_open(o->loop, &c->timer, on_timer);
	timer_start(&c->timer, 0, 0);
	return c;
}

static void on_timer_closed(struct timer *t)
{
	struct redis_conn *c = container_of(t, struct redis_conn, timer);

	assert(!c->ended.count); /* a turn's end lies between the close and this */
	redis_line_fini(&c->ended);
	SSL_CTX_free(c->tls);
	arena_fini(&c->arena);
	c->closed(c->closed_ctx);
	free(c);
}

void redis_conn_close(struct redis_conn **conn, void (*cb)(void *ctx), void *ctx)
{
	struct redis_conn *c = *conn;

	*conn = NULL;
	c->closed = cb;
	c->closed_ctx = ctx;
	clear_link(c);
	c->state = CLOSED;
	timer_close(&c->timer, on_timer_closed);
}
