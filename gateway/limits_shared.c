/* What all gateways have let through: one time stamp per caller, in Redis, by its clock. */
#include <stdlib.h>

#include "app/app.h"
#include "base/clock.h"
#include "data/redis.h"
#include "limits.h"

#define TICK_MS          1000
#define BATCH_MAX        16 /* callers told of at once */
#define KEY_SIZE         128
#define SILENT_US        250000 /* an answer that takes longer is not waited for */
#define PATIENCE_TICK_MS 50

/* Keys: callers. Arguments: the window, then per caller the time of one request and how
 * many. Counted whatever the quota says, for they were let through; how far ahead each is.
 * A debt ends after a second window. */
static struct redis_script tell = { .name = "limits-tell",
	.lua = "local t = redis.call('TIME')\n"
	       "local now, window = t[1] * 1000000 + t[2], tonumber(ARGV[1])\n"
	       "local out = {}\n"
	       "for i, key in ipairs(KEYS) do\n"
	       "  local free = tonumber(redis.call('GET', key) or '0')\n"
	       "  if free < now then free = now end\n"
	       "  free = free + ARGV[2 * i] * ARGV[2 * i + 1]\n"
	       "  if free > now + 2 * window then free = now + 2 * window end\n"
	       "  redis.call('SET', key, string.format('%.0f', free), 'PX',\n"
	       "    math.floor((free - now) / 1000) + 1)\n"
	       "  out[i] = free - now\n"
	       "end\n"
	       "return out\n" };

/* Key: a caller. Arguments: the window, the time of one request. Takes it if there is
 * room: {1 or 0, how far ahead}. Who is ahead by more than any debt is so because Redis'
 * clock went back. */
static struct redis_script take = { .name = "limits-take",
	.lua = "local t = redis.call('TIME')\n"
	       "local now, window = t[1] * 1000000 + t[2], tonumber(ARGV[1])\n"
	       "local function keep(free)\n"
	       "  redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX',\n"
	       "    math.floor((free - now) / 1000) + 1)\n"
	       "end\n"
	       "local free = tonumber(redis.call('GET', KEYS[1]) or '0')\n"
	       "if free < now then free = now end\n"
	       "if free > now + 2 * window then free = now + 2 * window keep(free) end\n"
	       "local after = free + ARGV[2]\n"
	       "if after > now + window then return {0, free - now} end\n"
	       "keep(after)\n"
	       "return {1, after - now}\n" };

static const struct str window = STR("60000000");

/* All under one tag, so that several can be told of at once. */
static struct str key_of(const struct limits *l, const struct limit_caller *c, char *room)
{
	char hex[2 * sizeof c->bytes + 1] = "";
	int n;

	hex_format(c->bytes, c->len, hex);
	n = snprintf(room, KEY_SIZE, "castor:%.32s:{limit}:%s:%s:%.*s", l->app->set.env,
		limits_class_name(c->class), c->by == LIMIT_BY_USER ? "user" : "address",
		2 * c->len, hex);
	return str_span(room, (size_t)n);
}

/* ---- is it there ---- */

static void expect(struct limits *l)
{
	if (l->awaited++ == 0)
		l->heard_us = clock_mono_us();
}

static void heard(struct limits *l)
{
	l->awaited--;
	l->heard_us = clock_mono_us();
}

bool limits_are_shared(const struct limits *l, uint64_t now_us)
{
	if (l->awaited && now_us > l->heard_us + SILENT_US)
		return false;
	return redis_is_up(l->app->redis);
}

/* ---- in the background ---- */

struct batch {
	struct limits *limits;
	unsigned count;
	struct limit_caller callers[BATCH_MAX];
	uint32_t told[BATCH_MAX];
};

/* May come after limits_close: Redis is closed later. */
static void on_told(void *ctx, enum err e, const struct redis_value *v)
{
	struct batch *b = ctx;
	struct limits *l = b->limits;
	bool good = e == ERR_OK && v && v->kind == REDIS_ARRAY && v->count == b->count;
	uint64_t now_us = clock_mono_us();

	heard(l);
	for (unsigned i = 0; l->cells && i < b->count; i++) {
		struct redis_value ahead = { 0 };

		if (good)
			ahead = redis_at(v, i);
		if (ahead.kind == REDIS_INT && ahead.i >= 0)
			limits_learn(
				l, &b->callers[i], b->told[i], (uint64_t)ahead.i, now_us);
		else
			limits_untold(l, &b->callers[i], b->told[i]);
	}
	free(b);
}

static void send_batch(struct limits *l, struct batch *b)
{
	char keys[BATCH_MAX][KEY_SIZE], numbers[2 * BATCH_MAX][STR_U64_SIZE];
	struct redis_cmd cmd = { .n = (int)(3 * b->count + 1) };

	cmd.arg[b->count] = window;
	for (unsigned i = 0; i < b->count; i++) {
		struct str *pair = &cmd.arg[b->count + 1 + 2 * i];

		cmd.arg[i] = key_of(l, &b->callers[i], keys[i]);
		pair[0] = str_of_u64(limits_each_us(l, &b->callers[i]), numbers[2 * i]);
		pair[1] = str_of_u64(b->told[i], numbers[2 * i + 1]);
	}
	expect(l);
	redis_send_eval(l->app->redis, &tell, (int)b->count, &cmd, on_told, b);
}

static struct batch *next_batch(struct limits *l)
{
	struct batch *b = calloc(1, sizeof *b);

	if (!b)
		abort();
	b->limits = l;
	while (l->dirties && b->count < BATCH_MAX) {
		struct limit_cell *cell = &l->cells[l->dirty[--l->dirties]];

		cell->is_dirty = false;
		if (!cell->pending) /* it made room for another */
			continue;
		b->callers[b->count] = cell->caller;
		b->told[b->count++] = cell->pending;
		cell->sent += cell->pending;
		cell->pending = 0;
	}
	return b;
}

static void tell_all(struct limits *l)
{
	while (l->dirties) {
		struct batch *b = next_batch(l);

		if (b->count)
			send_batch(l, b);
		else
			free(b);
	}
}

static void on_full(struct loop_hook *hook)
{
	tell_all(container_of(hook, struct limits, full));
}

static void on_tick(struct timer *timer)
{
	tell_all(container_of(timer, struct limits, tick));
}

/* ---- one request at a time ---- */

/* A question to Redis; it stays until the answer comes, the task may go on before. */
struct ask {
	struct list link; /* in limits.asks while the task waits */
	struct limits *limits;
	struct task *task; /* NULL: it waits no more */
	struct limit_verdict *verdict;
	uint64_t asked_us;
};

static enum err read_taken(const struct redis_value *v, struct limit_verdict *verdict)
{
	struct redis_value taken, ahead;

	if (v->kind != REDIS_ARRAY || v->count != 2)
		return ERR_INTERNAL;
	taken = redis_at(v, 0);
	ahead = redis_at(v, 1);
	if (taken.kind != REDIS_INT || ahead.kind != REDIS_INT || ahead.i < 0)
		return ERR_INTERNAL;
	verdict->allowed = taken.i == 1;
	verdict->remaining = ahead.i; /* until limits_decide reads it */
	return ERR_OK;
}

/* Its task goes on with what is known. */
static void end_wait(struct ask *ask, enum err e)
{
	struct task *t = ask->task;

	list_del(&ask->link);
	ask->task = NULL;
	task_wake(t, e);
}

static void on_taken(void *ctx, enum err e, const struct redis_value *v)
{
	struct ask *ask = ctx;

	heard(ask->limits);
	if (ask->task && e == ERR_OK)
		e = read_taken(v, ask->verdict);
	if (ask->task)
		end_wait(ask, e);
	free(ask);
}

/* The longest waiting is first. */
static void on_patience(struct timer *timer)
{
	struct limits *l = container_of(timer, struct limits, patience);
	uint64_t now_us = clock_mono_us();

	while (!list_empty(&l->asks)) {
		struct ask *ask = container_of(l->asks.next, struct ask, link);

		if (now_us - ask->asked_us < SILENT_US)
			return;
		end_wait(ask, ERR_TIMEOUT);
	}
	timer_stop(timer);
}

outcome_t limits_ask(
	struct task *t, struct limits *l, struct limit_verdict *v, step_fn *next)
{
	char key[KEY_SIZE], each[STR_U64_SIZE];
	struct redis_cmd cmd = REDIS_CMD(key_of(l, &v->caller, key), window,
		str_of_u64(limits_each_us(l, &v->caller), each));
	struct ask *ask = calloc(1, sizeof *ask);

	if (!ask)
		abort();
	*ask = (struct ask){ .limits = l, .task = t, .verdict = v };
	ask->asked_us = clock_mono_us();
	list_push(&l->asks, &ask->link);
	if (!timer_is_running(&l->patience))
		timer_start(&l->patience, PATIENCE_TICK_MS, PATIENCE_TICK_MS);
	expect(l);
	redis_send_eval(l->app->redis, &take, 1, &cmd, on_taken, ask);
	return task_wait(t, next);
}

void limits_decide(struct limits *l, struct limit_verdict *v, enum err e)
{
	v->ask = false;
	if (e == ERR_OK) {
		uint64_t ahead_us = (uint64_t)v->remaining;

		limits_learn(l, &v->caller, 0, ahead_us, clock_mono_us());
		limits_describe(l, v, ahead_us);
		return;
	}
	/* Nobody knows: as without Redis. */
	l->shared = false;
	*v = limits_take(l, &v->caller, clock_mono_us());
}

/* ---- the whole ---- */

void limits_open(struct limits *l, struct app *app)
{
	l->app = app;
	l->full.run = on_full;
	limits_init(l);
	timer_open(&app->loop, &l->tick, on_tick);
	timer_start(&l->tick, TICK_MS, TICK_MS);
	list_init(&l->asks);
	timer_open(&app->loop, &l->patience, on_patience);
}

void limits_close(struct limits *l)
{
	tell_all(l);
	loop_hook_cancel(&l->full);
	timer_close(&l->tick, NULL);
	timer_close(&l->patience, NULL);
	limits_fini(l);
}
