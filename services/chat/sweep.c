#include "sweep.h"

#include <stdlib.h>

#include "base/clock.h"
#include "data/redis.h"
#include "jobs_store.h"
#include "queue.h"

#define EVERY_MS      500
#define PAGE          500
#define TIDY_EVERY_MS (10 * 60 * 1000)

struct sweep {
	struct timer tick;
	struct chat *chat;
	bool running;       /* one round at a time */
	bool closed;        /* freed when the round has ended */
	bool was_away;      /* Redis was lost since the last whole round */
	uint64_t up_at_ms;  /* when Redis came (back) */
	uint64_t tidied_ms; /* when old records were last deleted */
};

struct sweep_round {
	struct sweep *sweep;
	int64_t stream_length; /* entries in both streams */
	struct owed_page page;
};
static step_fn round_begin, pro_counted, basic_counted, owed_read, tidied;

static void maybe_free(struct sweep *s)
{
	if (s->closed && !s->running)
		free(s);
}

static void on_tick(struct timer *timer)
{
	struct sweep *s = container_of(timer, struct sweep, tick);

	if (s->running || !redis_is_up(s->chat->app->redis))
		return;
	s->running = true;
	task_start(s->chat->app, round_begin, s);
}

static outcome_t round_end(struct task *t)
{
	struct sweep_round *r = t->state;
	struct sweep *s = r->sweep;

	s->running = false;
	maybe_free(s);
	return task_end(t);
}

static enum err add_length(struct task *t, const struct redis_value *v, void *into)
{
	int64_t *total = into;

	(void)t;
	*total += v->kind == REDIS_INT ? v->i : 0;
	return ERR_OK;
}

static outcome_t round_begin(struct task *t, enum err e)
{
	struct sweep *s = t->state;
	struct sweep_round *r = task_new(t, struct sweep_round);
	struct redis_cmd cmd = REDIS_CMD(STR("XLEN"), str_of(s->chat->stream_pro));

	(void)e;
	r->sweep = s;
	return redis_run(t, &cmd, add_length, &r->stream_length, pro_counted);
}

static outcome_t pro_counted(struct task *t, enum err e)
{
	struct sweep_round *r = t->state;
	struct redis_cmd cmd = REDIS_CMD(STR("XLEN"), str_of(r->sweep->chat->stream_basic));

	if (e != ERR_OK)
		return round_end(t);
	return redis_run(t, &cmd, add_length, &r->stream_length, basic_counted);
}

/* How long ago everything that was put in the stream may have been lost; -1: nothing was.
 */
static int64_t lost_before_ms(const struct sweep_round *r)
{
	const struct sweep *s = r->sweep;

	if (s->was_away)
		return (int64_t)(clock_mono_ms() - s->up_at_ms);
	/* Entries leave the stream only when their reply is done. A moment's grace for what
	 * is between the commit and the stream. */
	return r->stream_length == 0 ? 2000 : -1;
}

static outcome_t basic_counted(struct task *t, enum err e)
{
	struct sweep_round *r = t->state;

	if (e != ERR_OK)
		return round_end(t);
	return jobs_take_owed(t, lost_before_ms(r), PAGE, &r->page, owed_read);
}

static outcome_t owed_read(struct task *t, enum err e)
{
	struct sweep_round *r = t->state;
	struct sweep *s = r->sweep;

	if (e != ERR_OK)
		return round_end(t);
	for (int i = 0; i < r->page.count; i++) {
		const struct owed *o = &r->page.owed[i];

		queue_add(s->chat, o->is_pro, &o->room_id, &o->reply_id, o->traceparent);
	}
	if (r->page.count)
		log_info("sweep-added", L_INT("jobs", r->page.count),
			L_INT("redis_was_away", s->was_away));
	if (r->page.count == PAGE) /* there is more */
		return jobs_take_owed(t, lost_before_ms(r), PAGE, &r->page, owed_read);
	s->was_away = false;
	if (clock_mono_ms() - s->tidied_ms < TIDY_EVERY_MS)
		return round_end(t);
	s->tidied_ms = clock_mono_ms();
	return jobs_tidy(t, tidied);
}

static outcome_t tidied(struct task *t, enum err e)
{
	if (e != ERR_OK)
		log_warn("tidy-failed", L_ERR(e));
	return round_end(t);
}

static void on_redis_up(void *ctx)
{
	struct sweep *s = ctx;

	s->was_away = true;
	s->up_at_ms = clock_mono_ms();
}

struct sweep *sweep_open(struct chat *c)
{
	struct sweep *s = calloc(1, sizeof *s);

	if (!s)
		abort();
	s->chat = c;
	s->tidied_ms = clock_mono_ms();
	timer_open(&c->app->loop, &s->tick, on_tick);
	timer_start(&s->tick, EVERY_MS, EVERY_MS);
	redis_on_up(c->app->redis, on_redis_up, s);
	return s;
}

static void tick_closed(struct timer *timer)
{
	struct sweep *s = container_of(timer, struct sweep, tick);

	s->closed = true;
	maybe_free(s);
}

void sweep_close(struct sweep **sp)
{
	struct sweep *s = *sp;

	*sp = NULL;
	redis_forget(s->chat->app->redis, s);
	timer_close(&s->tick, tick_closed);
}
