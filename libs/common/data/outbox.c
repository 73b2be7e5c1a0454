/*
 * The sender's side of the bus. Two kinds of background task, at most one of each at a
 * time: the relay publishes rows above the mark and moves the mark; the replay answers
 * those who ask.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "data/event.h"
#include "data/outbox_store.h"
#include "data/redis.h"

#define REPLAY_PAGES 10 /* at a time: who lacks more asks again */
#define ASKERS_MAX   64
#define TICK_MS      1000
#define HEAD_EVERY   5 /* ticks */
#define PURGE_EVERY  600

struct outbox {
	struct app *app;
	const struct message_kind *replay;
	struct timer tick;
	unsigned ticks;
	bool relaying, relay_again, replaying, purging;
	struct msg_replay askers[ASKERS_MAX]; /* wait for the next replay */
	unsigned asker_count;
	bool head_due; /* others should be told how far it has come */
	bool closing, tick_closed;
};

/* ---- publishing a page ---- */

static void on_published(void *ctx, enum err e, const struct redis_value *v)
{
	(void)v;
	task_wake(ctx, e);
}

/* `next` when Redis has had them all: its answers come in order, so the last one tells. */
static outcome_t publish(struct task *t, const struct outbox_page *p, step_fn *next)
{
	for (int i = 0; i < p->count - 1; i++)
		event_publish(t->app, &p->rows[i], NULL, NULL);
	event_publish(t->app, &p->rows[p->count - 1], on_published, t);
	return task_wait(t, next);
}

static void note_failure(const char *event, enum err e)
{
	/* That a store is away is said by the store. */
	if (e != ERR_OK && e != ERR_UNAVAILABLE && e != ERR_CANCELED && e != ERR_UNSURE)
		log_warn(event, L_ERR(e));
}

static void maybe_gone(struct outbox *o)
{
	if (o->closing && o->tick_closed && !o->relaying && !o->replaying && !o->purging)
		free(o);
}

/* What is under way when it closes goes no further: Redis and Postgres may be gone. */
static enum err if_open(const struct outbox *o, enum err e)
{
	return e == ERR_OK && o->closing ? ERR_CANCELED : e;
}

/* ---- relay: read, publish, move the mark, until there is no more ---- */

struct relay {
	struct outbox *o;
	struct outbox_page page;
};

static step_fn relay_read, relay_publish, relay_mark, relay_marked; /* in this order */

void outbox_kick(struct outbox *o)
{
	o->relay_again = o->relaying;
	if (o->relaying || o->closing || !redis_is_up(o->app->redis))
		return; /* Redis kicks when it is up */
	o->relaying = true;
	task_start(o->app, relay_read, o);
}

static outcome_t relay_end(struct task *t, enum err e)
{
	struct outbox *o = ((struct relay *)t->state)->o;

	note_failure("outbox-relay", e);
	o->relaying = false;
	if (o->relay_again && e == ERR_OK)
		outbox_kick(o);
	maybe_gone(o);
	return task_end(t);
}

static outcome_t relay_read(struct task *t, enum err e)
{
	struct outbox *o = t->state;
	struct relay *r = task_new(t, struct relay);

	r->o = o;
	e = if_open(o, e);
	if (e != ERR_OK)
		return relay_end(t, e);
	return outbox_read_new(t, &r->page, relay_publish);
}

static outcome_t relay_publish(struct task *t, enum err e)
{
	struct relay *r = t->state;

	e = if_open(r->o, e);
	if (e != ERR_OK || r->page.count == 0)
		return relay_end(t, e);
	return publish(t, &r->page, relay_mark);
}

static outcome_t relay_mark(struct task *t, enum err e)
{
	struct relay *r = t->state;

	e = if_open(r->o, e);
	if (e != ERR_OK)
		return relay_end(t, e);
	return outbox_mark(t, r->page.rows[r->page.count - 1].seq, relay_marked);
}

static outcome_t relay_marked(struct task *t, enum err e)
{
	struct relay *r = t->state;

	if (e == ERR_OK && r->page.count == OUTBOX_PAGE)
		r->o->relay_again = true;
	return relay_end(t, e);
}

/* ---- replay: say where each asker is to begin, then publish from the lowest ---- */

struct replay {
	struct outbox *o;
	struct msg_replay askers[ASKERS_MAX];
	unsigned count, asked; /* asked: how many of them were answered */
	struct outbox_place place;
	int64_t from; /* publish what comes after this */
	struct outbox_page page;
	unsigned pages;
};

static step_fn replay_begin, replay_placed, replay_publish, replay_published;

static void replay_start(struct outbox *o)
{
	if (o->replaying || o->closing || o->asker_count == 0 ||
		!redis_is_up(o->app->redis))
		return;
	o->replaying = true;
	task_start(o->app, replay_begin, o);
}

static outcome_t replay_end(struct task *t, enum err e)
{
	struct outbox *o = ((struct replay *)t->state)->o;

	note_failure("outbox-replay", e);
	o->replaying = false;
	if (e == ERR_OK)
		replay_start(o);
	maybe_gone(o);
	return task_end(t);
}

static outcome_t replay_place(struct task *t)
{
	struct replay *r = t->state;
	const struct msg_replay *asker = &r->askers[r->asked];

	return outbox_find_place(t, asker->after, asker->since_s, &r->place, replay_placed);
}

static outcome_t replay_begin(struct task *t, enum err e)
{
	struct outbox *o = t->state;
	struct replay *r = task_new(t, struct replay);

	r->o = o;
	r->from = INT64_MAX;
	r->count = o->asker_count;
	memcpy(r->askers, o->askers, r->count * sizeof *r->askers);
	o->asker_count = 0;
	e = if_open(o, e);
	return e == ERR_OK ? replay_place(t) : replay_end(t, e);
}

static outcome_t replay_read(struct task *t)
{
	struct replay *r = t->state;

	if (r->from >= r->place.seq || r->pages++ == REPLAY_PAGES)
		return replay_end(t, ERR_OK);
	return outbox_read_after(t, r->from, &r->page, replay_publish);
}

static outcome_t replay_placed(struct task *t, enum err e)
{
	struct replay *r = t->state;
	const struct msg_replay *asker = &r->askers[r->asked];
	struct msg_outbox_head head = { .seq = r->place.seq, .floor = r->place.floor };

	e = if_open(r->o, e);
	if (e != ERR_OK) {
		r->o->head_due = true; /* whoever asked asks again when it hears of it */
		return replay_end(t, e);
	}
	r->o->head_due = false;
	if (!uuid_is_nil(&asker->asker)) {
		head.asker = asker->asker;
		head.after = r->place.after;
	}
	bus_ring(t->app, r->o->replay->answer, str_of(r->o->replay->owner), &head);
	if (r->place.after < r->from)
		r->from = r->place.after;
	if (++r->asked < r->count)
		return replay_place(t);
	return replay_read(t);
}

static outcome_t replay_publish(struct task *t, enum err e)
{
	struct replay *r = t->state;

	e = if_open(r->o, e);
	if (e != ERR_OK || r->page.count == 0)
		return replay_end(t, e);
	return publish(t, &r->page, replay_published);
}

static outcome_t replay_published(struct task *t, enum err e)
{
	struct replay *r = t->state;

	e = if_open(r->o, e);
	if (e != ERR_OK)
		return replay_end(t, e);
	r->from = r->page.rows[r->page.count - 1].seq;
	return replay_read(t);
}

static void ask_replay(struct outbox *o, const struct msg_replay *m)
{
	if (o->asker_count == ASKERS_MAX)
		return; /* asks again, if it is still there then */
	o->askers[o->asker_count++] = *m;
	replay_start(o);
}

/* No rows, only how far it has come; an answer to somebody says that as well. */
static void tell_head(struct outbox *o)
{
	o->head_due = true;
	if (o->asker_count == 0)
		ask_replay(o, &(struct msg_replay){ .after = INT64_MAX });
}

static void on_replay(void *ctx, struct str channel, struct str message)
{
	struct outbox *o = ctx;
	struct arena a;
	struct event ev;

	(void)channel;
	arena_init(&a);
	if (event_decode(&a, message, &ev) == ERR_OK && ev.kind == o->replay && ev.data)
		ask_replay(o, ev.data);
	else
		log_warn("bus-malformed", L_Z("type", o->replay->type));
	arena_fini(&a);
}

/* ---- purge ---- */

static outcome_t purge_end(struct task *t, enum err e)
{
	struct outbox *o = t->state;

	note_failure("outbox-purge", e);
	o->purging = false;
	maybe_gone(o);
	return task_end(t);
}

static outcome_t purge_begin(struct task *t, enum err e)
{
	e = if_open(t->state, e);
	return e == ERR_OK ? outbox_purge(t, purge_end) : purge_end(t, e);
}

/* ---- open and close ---- */

static void on_tick(struct timer *timer)
{
	struct outbox *o = container_of(timer, struct outbox, tick);

	o->ticks++;
	outbox_kick(o);
	if (o->head_due || o->ticks % HEAD_EVERY == 0)
		tell_head(o);
	if (o->ticks % PURGE_EVERY == 0 && !o->purging) {
		o->purging = true;
		task_start(o->app, purge_begin, o);
	}
}

static void on_redis_up(void *ctx)
{
	struct outbox *o = ctx;

	outbox_kick(o);
	tell_head(o);
}

/* Questions that came meanwhile were not heard: those who are behind ask again. */
static void on_pubsub_up(void *ctx)
{
	tell_head(ctx);
}

struct outbox *outbox_open(struct app *app, const struct message_kind *replay)
{
	struct outbox *o = calloc(1, sizeof *o);
	struct buf channel = { 0 };

	if (!o)
		abort();
	o->app = app;
	o->replay = replay;
	timer_open(&app->loop, &o->tick, on_tick);
	timer_start(&o->tick, TICK_MS, TICK_MS);
	redis_on_up(app->redis, on_redis_up, o);
	event_channel(app, str_of(replay->type), &channel);
	pubsub_subscribe(app->pubsub, buf_cstr(&channel), on_replay, o);
	pubsub_on_up(app->pubsub, on_pubsub_up, o);
	buf_fini(&channel);
	return o;
}

static void on_tick_closed(struct timer *timer)
{
	struct outbox *o = container_of(timer, struct outbox, tick);

	o->tick_closed = true;
	maybe_gone(o);
}

/* Tasks that are under way end by themselves and let go of the rest. */
void outbox_close(struct outbox **outbox)
{
	struct outbox *o = *outbox;

	*outbox = NULL;
	if (!o)
		return;
	o->closing = true;
	redis_forget(o->app->redis, o);
	pubsub_forget(o->app->pubsub, o);
	timer_close(&o->tick, on_tick_closed);
}
