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
	struct owed_lost lost;
	struct owed_page page;
};
static step_fn round_begin, streams_read, owed_read, tidied;

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

/* Of both streams: how many entries, and up to which one they were given to workers. */
static struct redis_script state_of_streams = { .name = "streams",
	.lua = "local out = {}\n"
	       "for i = 1, 2 do\n"
	       "  local n, last = redis.call('XLEN', KEYS[i]), '0-0'\n"
	       "  local groups = n > 0 and redis.pcall('XINFO', 'GROUPS', KEYS[i]) or {}\n"
	       "  for g = 1, #groups do\n"
	       "    for f = 1, #groups[g], 2 do\n"
	       "      if groups[g][f] == 'last-delivered-id' then last = groups[g][f + 1] "
	       "end\n"
	       "    end\n"
	       "  end\n"
	       "  out[#out + 1] = n\n"
	       "  out[#out + 1] = last\n"
	       "end\n"
	       "return out" };

/* The time in an entry's id, "1763839000000-0". */
static int64_t time_of_entry_us(struct str id)
{
	int64_t ms = 0;

	return str_i64(str_span(id.ptr, str_find(id, '-')), &ms) && ms < INT64_MAX / 1000
		       ? ms * 1000
		       : 0;
}

/* Entries leave the stream only when their reply is done: an empty one holds nothing that
 * is owed. A moment's grace for what is between the commit and the stream. */
static enum err read_streams(struct task *t, const struct redis_value *v, void *into)
{
	struct owed_lost *lost = into;

	(void)t;
	if (v->count != 4)
		return ERR_INTERNAL;
	if (redis_at(v, 0).i + redis_at(v, 2).i == 0)
		lost->older_than_ms = 2000;
	lost->pro_given_us = time_of_entry_us(redis_at(v, 1).s);
	lost->basic_given_us = time_of_entry_us(redis_at(v, 3).s);
	return ERR_OK;
}

static outcome_t round_begin(struct task *t, enum err e)
{
	struct sweep *s = t->state;
	struct sweep_round *r = task_new(t, struct sweep_round);
	struct redis_cmd keys = REDIS_CMD(
		str_of(s->chat->stream_pro), str_of(s->chat->stream_basic));

	(void)e;
	r->sweep = s;
	r->lost.older_than_ms = -1;
	return redis_eval(
		t, &state_of_streams, 2, &keys, read_streams, &r->lost, streams_read);
}

static outcome_t take_owed(struct task *t)
{
	struct sweep_round *r = t->state;

	if (r->sweep->was_away) /* everything from before may be lost */
		r->lost.older_than_ms = (int64_t)(clock_mono_ms() - r->sweep->up_at_ms);
	return jobs_take_owed(t, &r->lost, PAGE, &r->page, owed_read);
}

static outcome_t streams_read(struct task *t, enum err e)
{
	return e == ERR_OK ? take_owed(t) : round_end(t);
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
		return take_owed(t);
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
