/*
 * The sender's side of the bus. Two kinds of background task, at most one of each at a
 * time: the relay publishes rows above the mark and moves the mark; the replay answers
 * those who ask.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "data/event.h"
#include "data/pg.h"
#include "data/redis.h"

#define PAGE         200
#define REPLAY_PAGES 10 /* at a time: who lacks more asks again */
#define ASKERS_MAX   64
#define TICK_MS      1000
#define HEAD_EVERY   5 /* ticks */
#define PURGE_EVERY  600

struct place {
	int64_t seq, floor, after;
};

struct outbox {
	struct app *app;
	const struct message_kind *replay;
	struct timer tick;
	unsigned ticks;
	bool relaying, relay_again, replaying, purging;
	struct msg_replay askers[ASKERS_MAX]; /* wait for the next replay */
	unsigned asker_count;
	bool closing, tick_closed;
};

/* Rows of the outbox, ready to be published. */
struct page {
	struct envelope *rows;
	int count;
};

/* ---- SQL ---- */

static const struct pg_stmt new_rows = { .name = "outbox_new",
	.sql = "select seq, id, type, subject, data::text, made_at from outbox"
	       " where seq > (select published from outbox_head) order by seq limit 200" };
static const struct pg_stmt old_rows = { .name = "outbox_old",
	.sql = "select seq, id, type, subject, data::text, made_at from outbox"
	       " where seq > $1::bigint order by seq limit 200" };
static const struct pg_stmt mark = { .name = "outbox_mark",
	.sql = "update outbox_head set published = $1::bigint where published < $1::bigint",
	.write = true };
/* $1: after; $2: since_s. Facts up to `floor` are purged (or never were). */
static const struct pg_stmt place = { .name = "outbox_place",
	.sql = "select h.seq, f.floor, greatest($1::bigint, f.floor, case when $2::bigint "
	       "> 0"
	       " then coalesce((select o.seq - 1 from outbox o"
	       " where o.made_at >= now() - $2::bigint * interval '1 second'"
	       " order by o.made_at limit 1), h.seq) end)"
	       " from outbox_head h, lateral"
	       " (select coalesce((select min(seq) - 1 from outbox), h.seq) as floor) f" };
static const struct pg_stmt purge = { .name = "outbox_purge",
	.sql = "delete from outbox where seq in (select o.seq from outbox o, outbox_head h"
	       " where o.made_at < now() - interval '30 days' and o.seq <= h.published"
	       " order by o.made_at limit 1000)",
	.write = true };

static enum err read_page(struct task *t, const struct pg_rows *rows, void *into)
{
	struct page *p = into;

	p->count = pg_count(rows);
	p->rows = arena_alloc(&t->arena, (size_t)p->count * sizeof *p->rows);
	for (int i = 0; i < p->count; i++)
		p->rows[i] = (struct envelope){ .seq = pg_i64(rows, i, 0),
			.id = pg_uuid(rows, i, 1),
			.source = str_of(t->app->spec->name),
			.type = arena_dup(&t->arena, pg_text(rows, i, 2)),
			.subject = arena_dup(&t->arena, pg_text(rows, i, 3)),
			.data = arena_dup(&t->arena, pg_text(rows, i, 4)),
			.time_us = pg_time(rows, i, 5) };
	return ERR_OK;
}

static enum err read_place(struct task *t, const struct pg_rows *rows, void *into)
{
	struct place *p = into;

	(void)t;
	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	*p = (struct place){ pg_i64(rows, 0, 0), pg_i64(rows, 0, 1), pg_i64(rows, 0, 2) };
	return ERR_OK;
}

/* ---- publishing a page ---- */

static void on_published(void *ctx, enum err e, const struct redis_value *v)
{
	(void)v;
	task_wake(ctx, e);
}

/* `next` when Redis has had them all: its answers come in order, so the last one tells. */
static outcome_t publish(struct task *t, const struct page *p, step_fn *next)
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

/* ---- relay: read, publish, move the mark, until there is no more ---- */

struct relay {
	struct outbox *o;
	struct page page;
};

static step_fn relay_read, relay_publish, relay_mark, relay_marked; /* in this order */

void outbox_kick(struct outbox *o)
{
	o->relay_again = o->relaying;
	if (o->relaying || o->closing || !redis_is_up(o->app->redis))
		return; /* comes again: at the end, never, when it is up */
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

	(void)e;
	r->o = o;
	return pg_run(
		t, &new_rows, &(struct pg_params){ 0 }, read_page, &r->page, relay_publish);
}

static outcome_t relay_publish(struct task *t, enum err e)
{
	struct relay *r = t->state;

	if (e != ERR_OK || r->page.count == 0)
		return relay_end(t, e);
	return publish(t, &r->page, relay_mark);
}

static outcome_t relay_mark(struct task *t, enum err e)
{
	struct relay *r = t->state;
	struct pg_params p = { 0 };

	if (e != ERR_OK)
		return relay_end(t, e);
	pg_add_i64(&p, r->page.rows[r->page.count - 1].seq);
	return pg_run(t, &mark, &p, NULL, NULL, relay_marked);
}

static outcome_t relay_marked(struct task *t, enum err e)
{
	struct relay *r = t->state;

	if (e == ERR_OK && r->page.count == PAGE)
		r->o->relay_again = true;
	return relay_end(t, e);
}

/* ---- replay: say where each asker is to begin, then publish from the lowest ---- */

struct replay {
	struct outbox *o;
	struct msg_replay askers[ASKERS_MAX];
	unsigned count, asked; /* asked: how many of them were answered */
	struct place place;
	int64_t from; /* publish what comes after this */
	struct page page;
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
	struct pg_params p = { 0 };

	pg_add_i64(&p, asker->after);
	pg_add_i64(&p, asker->since_s);
	return pg_run(t, &place, &p, read_place, &r->place, replay_placed);
}

static outcome_t replay_begin(struct task *t, enum err e)
{
	struct outbox *o = t->state;
	struct replay *r = task_new(t, struct replay);

	(void)e;
	r->o = o;
	r->from = INT64_MAX;
	r->count = o->asker_count;
	memcpy(r->askers, o->askers, r->count * sizeof *r->askers);
	o->asker_count = 0;
	return replay_place(t);
}

static outcome_t replay_read(struct task *t)
{
	struct replay *r = t->state;
	struct pg_params p = { 0 };

	if (r->from >= r->place.seq || r->pages++ == REPLAY_PAGES)
		return replay_end(t, ERR_OK);
	pg_add_i64(&p, r->from);
	return pg_run(t, &old_rows, &p, read_page, &r->page, replay_publish);
}

static outcome_t replay_placed(struct task *t, enum err e)
{
	struct replay *r = t->state;
	const struct msg_replay *asker = &r->askers[r->asked];
	struct msg_outbox_head head = { .seq = r->place.seq, .floor = r->place.floor };

	if (e != ERR_OK)
		return replay_end(t, e);
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

	if (e != ERR_OK || r->page.count == 0)
		return replay_end(t, e);
	return publish(t, &r->page, replay_published);
}

static outcome_t replay_published(struct task *t, enum err e)
{
	struct replay *r = t->state;

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
	(void)e;
	return pg_run(t, &purge, &(struct pg_params){ 0 }, NULL, NULL, purge_end);
}

/* ---- open and close ---- */

static void on_tick(struct timer *timer)
{
	struct outbox *o = container_of(timer, struct outbox, tick);

	o->ticks++;
	outbox_kick(o);
	if (o->ticks % HEAD_EVERY == 0)
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
