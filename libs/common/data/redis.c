#include "data/redis.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "base/clock.h"
#include "data/redis_conn.h"
#include "data/redis_wire.h"
#include "data/up_hooks.h"

struct redis {
	struct redis_conn *conn;
	struct up_hooks hooks;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void on_up(void *ctx)
{
	struct redis *r = ctx;

	up_hooks_up(&r->hooks);
}

static void on_down(void *ctx)
{
	struct redis *r = ctx;

	up_hooks_down(&r->hooks);
}

struct redis *redis_open(struct loop *loop, const char *url, const char *client_name)
{
	struct redis *r = calloc(1, sizeof *r);

	if (!r)
		abort();
	up_hooks_init(&r->hooks, loop);
	r->conn = redis_conn_open(&(struct redis_conn_options){ .loop = loop,
		.url = url,
		.client_name = client_name,
		.up = on_up,
		.down = on_down,
		.ctx = r });
	return r;
}

bool redis_is_up(const struct redis *r)
{
	return redis_conn_is_up(r->conn);
}

void redis_on_up(struct redis *r, void (*fn)(void *ctx), void *ctx)
{
	up_hooks_add(&r->hooks, fn, ctx);
}

void redis_forget(struct redis *r, void *ctx)
{
	up_hooks_forget(&r->hooks, ctx);
}

static void on_closed(void *ctx)
{
	struct redis *r = ctx;

	up_hooks_fini(&r->hooks);
	if (r->closed)
		r->closed(r->closed_ctx);
	free(r);
}

void redis_close(struct redis **redis, void (*cb)(void *ctx), void *ctx)
{
	struct redis *r = *redis;

	*redis = NULL;
	r->closed = cb;
	r->closed_ctx = ctx;
	redis_conn_close(&r->conn, on_closed, r);
}

/* ---- commands ---- */

void redis_send(
	struct redis *r, const struct redis_cmd *cmd, redis_done_fn *done, void *ctx)
{
	redis_conn_send(r->conn, cmd, 0, STR_NONE, done, ctx);
}

struct run {
	struct task *task;
	redis_read_fn *read;
	void *into;
};

static void on_run_done(void *ctx, enum err e, const struct redis_value *v)
{
	struct run *run = ctx;

	if (e == ERR_OK && run->read)
		e = run->read(run->task, v, run->into);
	task_wake(run->task, e);
}

static struct run *run_new(struct task *t, redis_read_fn *read, void *into)
{
	struct run *run = arena_new(&t->arena, struct run);

	*run = (struct run){ t, read, into };
	return run;
}

/* Once sent a command runs on: the link's patience bounds how long. */
static enum err may_start(const struct task *t)
{
	if (!t->app->redis)
		return ERR_UNAVAILABLE; /* closed already: the process stops */
	return t->deadline_ms && clock_mono_ms() >= t->deadline_ms ? ERR_TIMEOUT : ERR_OK;
}

outcome_t redis_run(struct task *t, const struct redis_cmd *cmd, redis_read_fn *read,
	void *into, step_fn *next)
{
	enum err e = may_start(t);

	if (e != ERR_OK)
		return task_continue(t, e, next);
	redis_send(t->app->redis, cmd, on_run_done, run_new(t, read, into));
	return task_wait(t, next);
}

/* ---- scripts ---- */

/* The arguments are kept, made ready to send, for a server that does not know the script
 * yet. */
struct eval {
	struct redis *redis;
	const struct redis_script *script;
	int keys, args;
	struct buf tail;
	redis_done_fn *done;
	void *ctx;
	bool by_text;
};

static void on_evaluated(void *ctx, enum err e, const struct redis_value *v);

static void eval_send(struct eval *ev)
{
	char keys[16];

	snprintf(keys, sizeof keys, "%d", ev->keys);
	redis_conn_send(ev->redis->conn,
		ev->by_text ? &REDIS_CMD(STR("EVAL"), str_of(ev->script->lua), str_of(keys))
			    : &REDIS_CMD(STR("EVALSHA"), str_of(ev->script->sha1),
				      str_of(keys)),
		ev->args, buf_str(&ev->tail), on_evaluated, ev);
}

static void on_evaluated(void *ctx, enum err e, const struct redis_value *v)
{
	struct eval *ev = ctx;

	if (!ev->by_text && redis_is_error(v, "NOSCRIPT")) {
		ev->by_text = true;
		eval_send(ev);
		return;
	}
	if (ev->done)
		ev->done(ev->ctx, e, v);
	buf_fini(&ev->tail);
	free(ev);
}

static void name_script(struct redis_script *s)
{
	uint8_t digest[SHA_DIGEST_LENGTH];

	SHA1((const uint8_t *)s->lua, strlen(s->lua), digest);
	hex_format(digest, sizeof digest, s->sha1);
}

void redis_send_eval(struct redis *r, struct redis_script *script, int keys,
	const struct redis_cmd *keys_and_args, redis_done_fn *done, void *ctx)
{
	struct eval *ev = calloc(1, sizeof *ev);

	if (!ev)
		abort();
	if (!script->sha1[0])
		name_script(script);
	*ev = (struct eval){ .redis = r,
		.script = script,
		.keys = keys,
		.args = keys_and_args->n,
		.done = done,
		.ctx = ctx };
	redis_put_args(&ev->tail, keys_and_args->arg, keys_and_args->n);
	eval_send(ev);
}

outcome_t redis_eval(struct task *t, struct redis_script *script, int keys,
	const struct redis_cmd *keys_and_args, redis_read_fn *read, void *into,
	step_fn *next)
{
	enum err e = may_start(t);

	if (e != ERR_OK)
		return task_continue(t, e, next);
	redis_send_eval(t->app->redis, script, keys, keys_and_args, on_run_done,
		run_new(t, read, into));
	return task_wait(t, next);
}
