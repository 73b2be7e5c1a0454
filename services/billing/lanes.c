/*
 * lanes - a few workers on stored events, each with one event in hand:
 *
 *   claim -> (find the subscription of a session or invoice) -> sync -> done, and the next
 *
 * What fails is kept and tried again later. A claim ends by itself when the process dies.
 */
#include "accounts_store.h"
#include "data/bus.h"
#include "events_store.h"
#include "sync.h"

#include <stdlib.h>

#define LANES   4
#define TICK_MS 1000

struct lane {
	struct lanes *all;
	bool busy;
	uint64_t kicks; /* as many as there were when it last looked */
};

struct lanes {
	struct billing *b;
	struct lane lane[LANES];
	struct timer tick;
	uint64_t kicks;
	bool closing;
};

/* One event in hand. The sync comes first: sync.c finds it there. */
struct job {
	struct sync sync;
	struct lane *lane;
	struct claimed_event ev;
	struct stripe_call call; /* for the session or invoice */
	bool tier_changed;
};

static step_fn job_claim, job_claimed, job_found, job_dropped, job_synced, job_closed;

/* ---- lanes ---- */

static void lane_start(struct lane *lane)
{
	lane->busy = true;
	task_start(lane->all->b->app, job_claim, lane);
}

void lanes_kick(struct lanes *l)
{
	l->kicks++;
	if (l->closing)
		return;
	for (int i = 0; i < LANES; i++) {
		if (!l->lane[i].busy) {
			lane_start(&l->lane[i]);
			return;
		}
	}
}

static void on_tick(struct timer *timer)
{
	lanes_kick(container_of(timer, struct lanes, tick));
}

struct lanes *lanes_open(struct billing *b)
{
	struct lanes *l = calloc(1, sizeof *l);

	if (!l)
		abort();
	l->b = b;
	for (int i = 0; i < LANES; i++)
		l->lane[i].all = l;
	timer_open(&b->app->loop, &l->tick, on_tick);
	timer_start(&l->tick, 0, TICK_MS);
	return l;
}

static bool lanes_idle(const struct lanes *l)
{
	for (int i = 0; i < LANES; i++) {
		if (l->lane[i].busy)
			return false;
	}
	return true;
}

bool lanes_drain(struct lanes *l)
{
	l->closing = true;
	timer_stop(&l->tick);
	return lanes_idle(l);
}

/* A lane that is still at work when the grace is over goes with the process. */
static void on_tick_closed(struct timer *timer)
{
	struct lanes *l = container_of(timer, struct lanes, tick);

	if (lanes_idle(l))
		free(l);
}

void lanes_close(struct lanes **l)
{
	if (!*l)
		return;
	(*l)->closing = true;
	timer_close(&(*l)->tick, on_tick_closed);
	*l = NULL;
}

/* ---- a job ---- */

static outcome_t job_claim(struct task *t, enum err e)
{
	struct lane *lane = t->state;
	struct job *j = task_new(t, struct job);

	(void)e;
	j->lane = lane;
	lane->kicks = lane->all->kicks;
	return events_claim(t, &j->ev, job_claimed);
}

/* The lane is free; it looks again if it was kicked while it looked, or had found
 * something. */
static outcome_t job_end(struct task *t, bool found)
{
	struct job *j = t->state;
	struct lane *lane = j->lane;

	lane->busy = false;
	if (!lane->all->closing && (found || lane->kicks != lane->all->kicks))
		lane_start(lane);
	return task_end(t);
}

static outcome_t job_sync(struct task *t)
{
	struct job *j = t->state;

	j->sync.subscription_id = j->ev.subscription_id;
	j->sync.event_id = j->ev.id;
	j->sync.user_id = j->ev.user_id;
	j->sync.ticket = j->ev.ticket;
	return sync_subscription(t, job_synced);
}

/* The session or invoice, for the subscription's id: thin events do not name it. */
static outcome_t job_find(struct task *t, const char *path)
{
	struct job *j = t->state;

	if (j->ev.subscription_id.ptr)
		return job_sync(t);
	j->call.path = arena_fmt(&t->arena, "%s%.*s", path, STR_ARG(j->ev.object_id));
	return stripe_call(t, &j->lane->all->b->stripe, &j->call, job_found);
}

static outcome_t job_claimed(struct task *t, enum err e)
{
	struct job *j = t->state;
	struct billing *b = j->lane->all->b;

	if (e != ERR_OK)
		return job_end(t, false);
	lanes_kick(j->lane->all); /* there may be more: a lane beside this one looks */
	if (j->ev.trace_id.len < sizeof t->log.trace_id)
		memcpy(t->log.trace_id, arena_cstr(&t->arena, j->ev.trace_id),
			j->ev.trace_id.len + 1);
	switch (j->ev.action) {
	case ACTION_NONE:
		return events_done(t, j->ev.id, job_closed);
	case ACTION_SUBSCRIPTION:
		return job_sync(t);
	case ACTION_SESSION:
		return job_find(t, "/v1/checkout/sessions/");
	case ACTION_INVOICE:
		return job_find(t, "/v1/invoices/");
	case ACTION_SESSION_EXPIRED:
		return checkout_expired(t, j->ev.object_id, job_dropped);
	case ACTION_CUSTOMER_DELETED:
		return customer_drop(t, j->ev.ticket, j->ev.object_id, b->past_due_grace_s,
			&j->tier_changed, job_dropped);
	}
	return job_end(t, true);
}

static outcome_t job_failed(struct task *t, enum err e, int64_t wait_s)
{
	struct job *j = t->state;

	++*j->lane->all->b->sync_failed;
	log_warn("event-retry", L_STR("event", j->ev.id), L_STR("type", j->ev.type),
		L_INT("attempts", j->ev.attempts), L_ERR(e));
	return events_retry(t, &j->ev, e, wait_s, job_closed);
}

/* What Stripe does not have cannot be asked for again; what we knew stays as it is. */
static outcome_t job_missing(struct task *t)
{
	struct job *j = t->state;

	log_warn("event-object-missing", L_STR("event", j->ev.id),
		L_STR("type", j->ev.type));
	return events_done(t, j->ev.id, job_closed);
}

static outcome_t job_found(struct task *t, enum err e)
{
	struct job *j = t->state;
	struct stripe_session session;

	if (e == ERR_NOT_FOUND)
		return job_missing(t);
	if (e == ERR_OK && j->ev.action == ACTION_SESSION) {
		e = stripe_session_read(j->call.answer, &session);
		if (e == ERR_OK) {
			j->ev.subscription_id = session.subscription_id;
			j->ev.user_id = session.user_id;
		}
	} else if (e == ERR_OK) {
		j->ev.subscription_id = stripe_invoice_subscription(j->call.answer);
	}
	if (e != ERR_OK)
		return job_failed(t, e, j->call.retry_after_s);
	if (!j->ev.subscription_id.ptr) /* a payment of another kind */
		return events_done(t, j->ev.id, job_closed);
	return job_sync(t);
}

static outcome_t job_dropped(struct task *t, enum err e)
{
	struct job *j = t->state;

	if (e != ERR_OK)
		return job_failed(t, e, 0);
	if (j->tier_changed)
		outbox_kick(j->lane->all->b->outbox);
	return events_done(t, j->ev.id, job_closed);
}

static outcome_t job_synced(struct task *t, enum err e)
{
	struct job *j = t->state;

	if (e == ERR_NOT_FOUND)
		return job_missing(t);
	if (e != ERR_OK)
		return job_failed(t, e, j->sync.call.retry_after_s);
	return job_end(t, true);
}

/* If this was not written, the claim ends by itself and the event comes again. */
static outcome_t job_closed(struct task *t, enum err e)
{
	if (e != ERR_OK)
		log_warn("event-not-closed", L_ERR(e));
	return job_end(t, e == ERR_OK);
}
