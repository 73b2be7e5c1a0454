#include "sweep.h"

#include <stdlib.h>

#include "base/clock.h"
#include "data/jobq.h"
#include "data/redis.h"
#include "jobs_store.h"
#include "messages.h"
#include "queue.h"

#define EVERY_MS      500
#define SOON_MS       20 /* while the queue turns out to have lost jobs */
#define PAGE          500
#define GRACE_MS      1000 /* for what is between the commit and the queue */
#define LOOK_EVERY_MS 5000
#define TIDY_EVERY_MS (10 * 60 * 1000)

struct sweep {
	struct timer tick;
	struct chat *chat;
	struct jobq *queue; /* of its own: what is new to it here had been lost */
	struct uuid at;     /* up to this reply everything was looked at; nil: none */
	bool running;       /* one round at a time */
	bool closed;        /* no further round */
	bool tick_closed;   /* freed when the round has ended, too */
	uint64_t found;     /* jobq_added before this page */
	uint64_t looked_ms, tidied_ms;
	int64_t *waiting_pro, *waiting_basic, *later, *taken; /* gauges */
};

struct sweep_round {
	struct sweep *sweep;
	struct owed_page page;
	struct jobq_depth depth;
};
static step_fn page_begin, page_read, page_added, looked, tidied;

static void maybe_free(struct sweep *s)
{
	if (s->tick_closed && !s->running)
		free(s);
}

static void on_tick(struct timer *timer)
{
	struct sweep *s = container_of(timer, struct sweep, tick);

	if (s->running || !redis_is_up(s->chat->app->redis))
		return;
	s->running = true;
	task_start(s->chat->app, page_begin, s);
}

static outcome_t round_end(struct task *t)
{
	struct sweep_round *r = t->state;
	struct sweep *s = r->sweep;

	s->running = false;
	maybe_free(s);
	return task_end(t);
}

/* ---- what is owed, page by page ---- */

/* Ids begin with the time they were made (RFC 9562 5.7). */
static struct uuid id_made_before(int64_t unix_ms)
{
	struct uuid id = { 0 };

	for (int i = 0; i < 6; i++)
		id.b[i] = (unsigned char)(unix_ms >> (40 - 8 * i));
	return id;
}

static outcome_t page_begin(struct task *t, enum err e)
{
	struct sweep *s = t->state;
	struct sweep_round *r = task_new(t, struct sweep_round);
	struct uuid end = id_made_before(clock_wall_us() / 1000 - GRACE_MS);

	(void)e;
	r->sweep = s;
	if (s->closed)
		return round_end(t);
	s->found = jobq_added(s->queue);
	return jobs_read_owed(t, &s->at, &end, PAGE, &r->page, page_read);
}

static outcome_t page_read(struct task *t, enum err e)
{
	struct sweep_round *r = t->state;
	struct sweep *s = r->sweep;

	if (e != ERR_OK || s->closed)
		return round_end(t);
	for (int i = 0; i < r->page.count; i++)
		queue_add(s->queue, &r->page.owed[i]);
	s->at = r->page.count == PAGE ? r->page.owed[PAGE - 1].reply_id
				      : (struct uuid){ 0 };
	return task_sleep(t, SOON_MS, page_added);
}

/* While the queue turns out to have lost jobs, the next page follows at once: as a round of
 * its own, so that no more than a page is in memory, however much is owed. */
static outcome_t page_added(struct task *t, enum err e)
{
	struct sweep_round *r = t->state;
	struct sweep *s = r->sweep;
	uint64_t now_ms = clock_mono_ms(), lost;

	if (e != ERR_OK || s->closed)
		return round_end(t);
	lost = jobq_added(s->queue) - s->found;
	if (lost > 0)
		log_info("sweep-added", L_INT("jobs", (int64_t)lost));
	if (lost > 0 && !uuid_is_nil(&s->at)) {
		timer_start(&s->tick, 0, EVERY_MS);
		return round_end(t);
	}
	if (now_ms - s->looked_ms >= LOOK_EVERY_MS) {
		s->looked_ms = now_ms;
		return jobq_look(t, s->queue, &r->depth, looked);
	}
	if (now_ms - s->tidied_ms >= TIDY_EVERY_MS) {
		s->tidied_ms = now_ms;
		return jobs_tidy(t, tidied);
	}
	return round_end(t);
}

static outcome_t looked(struct task *t, enum err e)
{
	struct sweep_round *r = t->state;
	struct sweep *s = r->sweep;

	if (e == ERR_OK && !s->closed) {
		*s->waiting_pro = r->depth.waiting_pro;
		*s->waiting_basic = r->depth.waiting_basic;
		*s->later = r->depth.later;
		*s->taken = r->depth.taken;
	}
	return round_end(t);
}

static outcome_t tidied(struct task *t, enum err e)
{
	if (e != ERR_OK)
		log_warn("tidy-failed", L_ERR(e));
	return round_end(t);
}

/* ---- open and close ---- */

/* Everything may be lost. */
static void on_redis_up(void *ctx)
{
	((struct sweep *)ctx)->at = (struct uuid){ 0 };
}

static int64_t *gauge_of(struct chat *c, const char *label)
{
	return metrics_gauge(c->app->metrics, "chat_queue_jobs",
		"Replies that are owed, by where they are in the queue", label);
}

struct sweep *sweep_open(struct chat *c)
{
	struct sweep *s = calloc(1, sizeof *s);

	if (!s)
		abort();
	s->chat = c;
	s->queue = jobq_open(&c->app->loop, c->app->redis, app_key(c->app, QUEUE_GEMINI));
	s->tidied_ms = clock_mono_ms();
	s->waiting_pro = gauge_of(c, "state=\"waiting\",tier=\"Pro\"");
	s->waiting_basic = gauge_of(c, "state=\"waiting\",tier=\"Basic\"");
	s->later = gauge_of(c, "state=\"later\",tier=\"\"");
	s->taken = gauge_of(c, "state=\"taken\",tier=\"\"");
	timer_open(&c->app->loop, &s->tick, on_tick);
	timer_start(&s->tick, EVERY_MS, EVERY_MS);
	redis_on_up(c->app->redis, on_redis_up, s);
	return s;
}

static void tick_closed(struct timer *timer)
{
	struct sweep *s = container_of(timer, struct sweep, tick);

	s->tick_closed = true;
	maybe_free(s);
}

void sweep_close(struct sweep **sp)
{
	struct sweep *s = *sp;

	*sp = NULL;
	s->closed = true;
	redis_forget(s->chat->app->redis, s);
	jobq_close(&s->queue);
	timer_close(&s->tick, tick_closed);
}
