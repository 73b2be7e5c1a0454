#include "queue_watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "data/jobq.h"
#include "feed.h"

#define EVERY_MS 2000

struct queue_watch {
	struct timer tick;
	struct chat *chat;
	bool asking;
	bool closed;
	bool tick_closed; /* freed when what was asked has come back, too */
};

struct asking {
	struct queue_watch *watch;
	struct uuid ids[JOBQ_WHERE_MAX];
	struct job_place places[JOBQ_WHERE_MAX];
	int n;
};
static step_fn ask, answered;

static void maybe_free(struct queue_watch *w)
{
	if (w->tick_closed && !w->asking)
		free(w);
}

static void on_tick(struct timer *timer)
{
	struct queue_watch *w = container_of(timer, struct queue_watch, tick);

	if (w->asking || !feeds_any_waits(w->chat->feeds))
		return;
	w->asking = true;
	task_start(w->chat->app, ask, w);
}

static outcome_t end(struct task *t)
{
	struct queue_watch *w = ((struct asking *)t->state)->watch;

	w->asking = false;
	maybe_free(w);
	return task_end(t);
}

static outcome_t ask(struct task *t, enum err e)
{
	struct queue_watch *w = t->state;
	struct asking *a = task_new(t, struct asking);

	(void)e;
	a->watch = w;
	if (w->closed)
		return end(t);
	a->n = feeds_that_wait(w->chat->feeds, a->ids, JOBQ_WHERE_MAX);
	return jobq_where(t, w->chat->queue, a->ids, a->n, a->places, answered);
}

static outcome_t answered(struct task *t, enum err e)
{
	struct asking *a = t->state;
	int64_t now_us = clock_wall_us();

	for (int i = 0; e == ERR_OK && !a->watch->closed && i < a->n; i++) {
		const struct job_place *p = &a->places[i];
		struct feed_place place = { .place = p->place > 0 ? p->place : 0 };

		if (p->place == 0)
			continue; /* it was begun, or is on its way into the queue */
		if (p->start_ms >= 0)
			place.start_at_us = now_us + p->start_ms * 1000;
		feeds_place(a->watch->chat->feeds, &a->ids[i], &place);
	}
	return end(t);
}

struct queue_watch *queue_watch_open(struct chat *c)
{
	struct queue_watch *w = calloc(1, sizeof *w);

	if (!w)
		abort();
	w->chat = c;
	timer_open(&c->app->loop, &w->tick, on_tick);
	timer_start(&w->tick, EVERY_MS, EVERY_MS);
	return w;
}

static void on_closed(struct timer *timer)
{
	struct queue_watch *w = container_of(timer, struct queue_watch, tick);

	w->tick_closed = true;
	maybe_free(w);
}

void queue_watch_close(struct queue_watch **wp)
{
	struct queue_watch *w = *wp;

	*wp = NULL;
	w->closed = true;
	timer_close(&w->tick, on_closed);
}
