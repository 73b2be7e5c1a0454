/*
 * The receiver's side of the bus. Facts of the source come by one pattern subscription, so
 * that also types that this process does not know (yet) are seen and counted:
 *
 *   cursor <= tail <= known      applied <= waiting in line, without a gap <= said to exist
 *
 * While tail < known something was missed: a replay is asked for, again and again. Nothing
 * else tells whether a doorbell was lost, and nothing else is needed.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/trace.h"
#include "data/event.h"
#include "data/inbox_store.h"
#include "data/redis.h"

#define TICK_MS            250
#define ASK_LEAST_MS       200   /* between two questions */
#define ASK_EVERY_MS       30000 /* even if all seems well */
#define ASK_ANSWER_MS      1000  /* no answer came: asks again */
#define WAITING_MAX        5000
#define RETRY_MS           100
#define RETRY_MAX_MS       30000
#define PLACE_RETRY_MAX_MS 1500
#define AHEAD_MAX          5 /* heads behind our place before that is said */
#define SAVE_SKIPPED       100 /* facts of no interest before the place is saved all the same */

struct waiting_event {
	struct list link;
	int64_t seq;
	size_t len;
	char text[];
};

struct inbox {
	struct inbox_options o;
	struct uuid asker; /* names this inbox in questions */
	struct timer tick, retry;

	/* Durable: read from the database. Else: where the first answer says. */
	bool placed;
	int64_t cursor, saved, tail, known;
	bool heard; /* a head, since the last connect */
	bool current;
	uint64_t asked_ms; /* 0: not since the last connect */
	unsigned ahead;    /* heads in a row that were behind us */

	struct list line; /* struct waiting_event.link */
	unsigned line_count;
	struct task task; /* applies the first in line, or reads the place */
	struct event event;
	bool busy; /* with the task */
	uint64_t retry_ms;
	struct loop_hook go_on;

	bool closing;
	unsigned open; /* timers */
};

static void go_on(struct inbox *in)
{
	if (!in->closing)
		loop_defer(&in->o.app->loop, &in->go_on);
}

static void maybe_gone(struct inbox *in)
{
	struct list *link;

	if (!in->closing || in->open || in->busy)
		return;
	while ((link = list_pop(&in->line)))
		free(container_of(link, struct waiting_event, link));
	free(in);
}

static void task_ended(struct task *t)
{
	struct inbox *in = container_of(t, struct inbox, task);

	task_fini(t);
	in->busy = false;
	go_on(in);
	maybe_gone(in);
}

static void task_begin(struct inbox *in, step_fn *first)
{
	in->busy = true;
	task_init(&in->task, in->o.app, task_ended);
	task_run(&in->task, first, ERR_OK);
}

bool inbox_is_current(const struct inbox *in)
{
	return in->current && pubsub_is_up(in->o.app->pubsub);
}

static void check_current(struct inbox *in)
{
	if (in->heard && in->placed && in->cursor >= in->known)
		in->current = true;
}

/* ---- asking ---- */

static void ask(struct inbox *in)
{
	uint64_t now = clock_mono_ms();
	struct msg_replay m = { .after = in->tail, .asker = in->asker };

	if (in->o.durable && !in->placed)
		return; /* asks when its place is read */
	if (in->asked_ms && now - in->asked_ms < ASK_LEAST_MS)
		return; /* the tick comes back to it */
	if (!in->placed)
		m.since_s = in->o.lookback_s > 0 ? in->o.lookback_s : 1;
	in->asked_ms = now;
	bus_ring(in->o.app, in->o.replay, str_of(in->o.source), &m);
}

static void on_up(void *ctx)
{
	struct inbox *in = ctx;

	in->heard = false;
	in->current = false;
	in->asked_ms = 0;
	ask(in);
}

/* While the line is long, more would only be dropped. */
static bool is_missing_some(const struct inbox *in)
{
	return !in->placed || (in->tail < in->known && in->line_count < WAITING_MAX / 2);
}

static void on_tick(struct timer *timer)
{
	struct inbox *in = container_of(timer, struct inbox, tick);
	uint64_t wait = !in->heard ? ASK_ANSWER_MS : is_missing_some(in) ? 0 : ASK_EVERY_MS;

	if (clock_mono_ms() - in->asked_ms >= wait)
		ask(in);
}

/* ---- what comes in ---- */

/* `from` and all before is gone at the source: nothing can bring it back. */
static void jump(struct inbox *in, int64_t to)
{
	if (in->cursor > 0)
		log_error("inbox-lost", L_Z("source", in->o.source),
			L_INT("after", in->cursor), L_INT("to", to));
	in->cursor = in->tail = to;
}

static void on_head(struct inbox *in, const struct msg_outbox_head *h)
{
	in->heard = true;
	if (!in->o.durable && !in->placed && uuid_eq(&h->asker, &in->asker)) {
		in->placed = true;
		in->cursor = in->tail = h->after;
	}
	if (!in->placed) {
		ask(in);
		return;
	}
	if (in->tail < h->floor && list_empty(&in->line))
		jump(in, h->floor);
	in->ahead = h->seq < in->tail ? in->ahead + 1 : 0;
	if (in->ahead == AHEAD_MAX)
		log_error("inbox-ahead", L_Z("source", in->o.source),
			L_INT("place", in->tail), L_INT("source_at", h->seq));
	in->known = h->seq > in->tail ? h->seq : in->tail;
	check_current(
		in); /* if it announces more: that may be on its heels, or the tick asks */
}

static void line_up(struct inbox *in, int64_t seq, struct str text)
{
	struct waiting_event *w = malloc(sizeof *w + text.len);

	if (!w)
		abort();
	w->seq = seq;
	w->len = text.len;
	memcpy(w->text, text.ptr, text.len);
	list_push(&in->line, &w->link);
	in->line_count++;
	in->tail = seq;
	go_on(in);
}

static void on_fact(struct inbox *in, int64_t seq, struct str text)
{
	if (!in->placed || seq <= in->tail)
		return;
	if (seq > in->known)
		in->known = seq;
	if (seq == in->tail + 1 && in->line_count < WAITING_MAX)
		line_up(in, seq, text);
	else
		ask(in);
}

static void on_message(void *ctx, struct str channel, struct str message)
{
	struct inbox *in = ctx;
	struct arena a;
	struct event ev;

	(void)channel;
	arena_init(&a);
	if (event_decode(&a, message, &ev) != ERR_OK)
		log_warn("bus-malformed", L_Z("source", in->o.source));
	else if (ev.kind == in->o.replay->answer && ev.data)
		on_head(in, ev.data);
	else if (ev.seq > 0)
		on_fact(in, ev.seq, message);
	arena_fini(&a);
}

/* ---- the place, in the database ---- */

static step_fn place_read, place_again;

static outcome_t place_begin(struct task *t, enum err e)
{
	struct inbox *in = container_of(t, struct inbox, task);

	(void)e;
	return inbox_find_place(t, in->o.source, &in->cursor, place_read);
}

static outcome_t place_read(struct task *t, enum err e)
{
	struct inbox *in = container_of(t, struct inbox, task);

	if (e != ERR_OK && !in->closing) {
		in->retry_ms = in->retry_ms < PLACE_RETRY_MAX_MS ? in->retry_ms * 2 + 25
								 : in->retry_ms;
		return task_sleep(t, in->retry_ms, place_again);
	}
	if (e == ERR_OK) {
		in->placed = true;
		in->retry_ms = 0;
		in->saved = in->tail = in->known = in->cursor;
		ask(in);
	}
	return task_end(t);
}

static outcome_t place_again(struct task *t, enum err e)
{
	struct inbox *in = container_of(t, struct inbox, task);

	return in->closing ? task_end(t) : place_begin(t, e);
}

/* ---- applying the first in line ---- */

static struct waiting_event *first_in_line(struct inbox *in)
{
	return container_of(in->line.next, struct waiting_event, link);
}

static void advance(struct inbox *in)
{
	struct waiting_event *w = first_in_line(in);

	list_del(&w->link);
	in->line_count--;
	in->cursor = w->seq;
	in->retry_ms = 0;
	free(w);
	check_current(in);
}

static const struct inbox_handler *find_handler(const struct inbox *in)
{
	const struct inbox_handler *h = in->o.handlers;

	while (h->kind && h->kind != in->event.kind)
		h++;
	return h->kind ? h : NULL;
}

static outcome_t apply(struct task *t, enum err e)
{
	struct inbox *in = container_of(t, struct inbox, task);
	struct waiting_event *w = first_in_line(in);
	const struct inbox_handler *h = NULL;

	(void)e;
	if (event_decode(&t->arena, str_span(w->text, w->len), &in->event) == ERR_OK)
		h = find_handler(in);
	if (h && !in->event.data)
		/* It will be no better the next time, and others wait behind it. */
		log_error("event-malformed", L_Z("type", h->kind->type),
			L_INT("seq", w->seq));
	if (h && in->event.data) {
		t->state = &in->event;
		traceparent_continue(in->event.traceparent, &t->log);
		return h->apply(t, &in->event);
	}
	if (in->o.durable && w->seq - in->saved >= SAVE_SKIPPED)
		return inbox_applied(t);
	advance(in);
	return task_end(t);
}

static outcome_t saved(struct task *t, enum err e)
{
	struct inbox *in = container_of(t, struct inbox, task);

	if (e != ERR_OK)
		return inbox_failed(t, e);
	in->saved = first_in_line(in)->seq;
	advance(in);
	return task_end(t);
}

outcome_t inbox_applied(struct task *t)
{
	struct inbox *in = container_of(t, struct inbox, task);

	if (in->o.durable)
		return inbox_save_place(t, in->o.source, first_in_line(in)->seq, saved);
	advance(in);
	return task_end(t);
}

outcome_t inbox_failed(struct task *t, enum err e)
{
	struct inbox *in = container_of(t, struct inbox, task);

	in->retry_ms = in->retry_ms ? in->retry_ms * 2 : RETRY_MS;
	if (in->retry_ms > RETRY_MAX_MS)
		in->retry_ms = RETRY_MAX_MS;
	if (!in->closing) {
		log_warn("inbox-retry", L_Z("source", in->o.source),
			L_INT("seq", first_in_line(in)->seq), L_ERR(e));
		timer_start(&in->retry, in->retry_ms + random_below(in->retry_ms), 0);
	}
	return task_end(t);
}

/* ---- what is next ---- */

static void on_go_on(struct loop_hook *hook)
{
	struct inbox *in = container_of(hook, struct inbox, go_on);

	if (in->busy || timer_is_running(&in->retry))
		return;
	if (in->o.durable && !in->placed)
		task_begin(in, place_begin);
	else if (!list_empty(&in->line))
		task_begin(in, apply);
}

static void on_retry(struct timer *timer)
{
	go_on(container_of(timer, struct inbox, retry));
}

struct inbox *inbox_open(const struct inbox_options *o)
{
	struct inbox *in = calloc(1, sizeof *in);
	struct buf pattern = { 0 };

	if (!in)
		abort();
	in->o = *o;
	in->asker = uuid_v7();
	in->open = 2;
	in->go_on.run = on_go_on;
	list_init(&in->line);
	timer_open(&o->app->loop, &in->retry, on_retry);
	timer_open(&o->app->loop, &in->tick, on_tick);
	timer_start(&in->tick, TICK_MS, TICK_MS);
	event_channel(o->app, str_of(o->source), &pattern);
	buf_add(&pattern, ".*", 2);
	pubsub_subscribe(o->app->pubsub, buf_cstr(&pattern), on_message, in);
	pubsub_on_up(o->app->pubsub, on_up, in);
	buf_fini(&pattern);
	go_on(in);
	return in;
}

static void one_closed(struct inbox *in)
{
	in->open--;
	maybe_gone(in);
}

static void on_tick_closed(struct timer *timer)
{
	one_closed(container_of(timer, struct inbox, tick));
}

static void on_retry_closed(struct timer *timer)
{
	one_closed(container_of(timer, struct inbox, retry));
}

/* A handler that is at work ends by itself. */
void inbox_close(struct inbox **inbox)
{
	struct inbox *in = *inbox;

	*inbox = NULL;
	if (!in)
		return;
	in->closing = true;
	loop_hook_cancel(&in->go_on);
	pubsub_forget(in->o.app->pubsub, in);
	timer_close(&in->tick, on_tick_closed);
	timer_close(&in->retry, on_retry_closed);
	if (in->busy)
		task_cancel(&in->task);
}
