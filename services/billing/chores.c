/*
 * chores - what no event tells, once a minute:
 *
 *   access whose grace is over ends;
 *   subscriptions that nothing was heard of for RECONCILE_S are asked about, and what had
 * changed without an event is counted as drift; as often, Stripe is asked for events that
 * it could not deliver.
 *
 * Any number of copies may do this: each piece is claimed in the database.
 */
#include "data/bus.h"
#include "events_store.h"
#include "sync.h"

#include <stdlib.h>

#include "base/clock.h"

#define TICK_MS       60000
#define FIRST_TICK_MS 500
#define PAGE          100
#define PAGES_MAX     100
#define EVENTS_KEPT_S (30 * 86400) /* so long Stripe lists them */
#define MISSED        STR("missed_events")

struct chores {
	struct billing *b;
	struct timer tick;
	bool busy;
	bool closing;
	/* the listing of missed events under way */
	char after[256]; /* the last event seen; "" at the beginning */
	int pages;
};

/* The task's state, at every step; the sync comes first: sync.c finds it there. */
struct chore {
	struct sync sync;
	struct chores *all;
	int64_t graces_ended;
	struct due_subscription due;
	struct stripe_call call;
	const struct json *next_event; /* of the page in hand */
	struct stripe_event event;
	bool has_more;
	bool fresh;
};

static step_fn chore_begin, grace_ended, due_claim, due_claimed, due_synced, missed_claim,
	missed_claimed, missed_page, missed_listed, missed_stored, chore_end;

/* ---- one task after the other, so that memory goes as the work does ---- */

static void chore_start(struct chores *c, step_fn *first)
{
	c->busy = true;
	task_start(c->b->app, first, c);
}

static struct chore *chore_new(struct task *t)
{
	struct chores *all = t->state;
	struct chore *c = task_new(t, struct chore);

	c->all = all;
	return c;
}

static outcome_t chore_again(struct task *t, step_fn *first)
{
	struct chore *c = t->state;

	if (c->all->closing)
		return chore_end(t, ERR_CANCELED);
	chore_start(c->all, first);
	return task_end(t);
}

static outcome_t chore_end(struct task *t, enum err e)
{
	struct chore *c = t->state;

	if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_CANCELED)
		log_warn("chore-failed", L_ERR(e));
	c->all->busy = false;
	return task_end(t);
}

static void on_tick(struct timer *timer)
{
	struct chores *c = container_of(timer, struct chores, tick);

	if (!c->busy && !c->closing)
		chore_start(c, chore_begin);
}

/* ---- grace ---- */

static outcome_t chore_begin(struct task *t, enum err e)
{
	struct chore *c = chore_new(t);

	(void)e;
	return grace_end(t, c->all->b->past_due_grace_s, &c->graces_ended, grace_ended);
}

static outcome_t grace_ended(struct task *t, enum err e)
{
	struct chore *c = t->state;

	if (e != ERR_OK)
		return chore_end(t, e);
	if (c->graces_ended) {
		log_info("grace-ended", L_INT("count", c->graces_ended));
		outbox_kick(c->all->b->outbox);
	}
	return chore_again(t, due_claim);
}

/* ---- subscriptions that nothing was heard of ---- */

static outcome_t due_claim(struct task *t, enum err e)
{
	struct chore *c = chore_new(t);

	(void)e;
	return subscription_claim(t, c->all->b->reconcile_s, &c->due, due_claimed);
}

static outcome_t due_claimed(struct task *t, enum err e)
{
	struct chore *c = t->state;

	if (e == ERR_NOT_FOUND)
		return chore_again(t, missed_claim);
	if (e != ERR_OK)
		return chore_end(t, e);
	c->sync.subscription_id = c->due.id;
	c->sync.ticket = c->due.ticket;
	c->sync.user_id = c->due.user_id;
	return sync_subscription(t, due_synced);
}

static outcome_t due_synced(struct task *t, enum err e)
{
	struct chore *c = t->state;

	if (e != ERR_OK) /* asked again in ten minutes: subscription_claim saw to it */
		return chore_end(t, e);
	if (c->sync.result.outcome == NEWS_CHANGED) {
		++*c->all->b->drift;
		log_warn("billing-drift", L_STR("subscription", c->due.id));
	}
	return chore_again(t, due_claim);
}

/* ---- events that Stripe could not deliver ---- */

static outcome_t missed_claim(struct task *t, enum err e)
{
	struct chore *c = chore_new(t);

	(void)e;
	c->all->after[0] = '\0';
	c->all->pages = 0;
	return chores_claim(t, MISSED, c->all->b->reconcile_s, missed_claimed);
}

static outcome_t missed_claimed(struct task *t, enum err e)
{
	return e == ERR_OK ? chore_again(t, missed_page) : chore_end(t, e);
}

static outcome_t missed_page(struct task *t, enum err e)
{
	struct chore *c = chore_new(t);
	const char *after = c->all->after;

	(void)e;
	c->call.path = arena_fmt(&t->arena,
		"/v1/events?delivery_success=false&limit=%d&created%%5Bgte%%5D=%lld%s%s",
		PAGE, (long long)(clock_wall_s() - EVENTS_KEPT_S),
		*after ? "&starting_after=" : "", after);
	return stripe_call(t, &c->all->b->stripe, &c->call, missed_listed);
}

static outcome_t missed_failed(struct task *t, enum err e)
{
	log_warn("missed-events-failed", L_ERR(e));
	return chores_retry(t, MISSED, chore_end);
}

/* The next event of the page that we act upon; false at its end. */
static bool next_event(struct chore *c)
{
	struct chores *all = c->all;

	while (c->next_event) {
		const struct json *j = c->next_event;

		c->next_event = j->next;
		if (stripe_event_read(j, &c->event) != ERR_OK)
			continue;
		memcpy(all->after, c->event.id.ptr, c->event.id.len);
		all->after[c->event.id.len] = '\0';
		if (c->event.action != ACTION_NONE && c->event.livemode == all->b->livemode)
			return true;
	}
	return false;
}

static outcome_t missed_next(struct task *t)
{
	struct chore *c = t->state;

	if (next_event(c))
		return events_insert(t, &c->event, &c->fresh, missed_stored);
	if (c->has_more && ++c->all->pages < PAGES_MAX)
		return chore_again(t, missed_page);
	return events_prune(t, chore_end);
}

static outcome_t missed_listed(struct task *t, enum err e)
{
	struct chore *c = t->state;
	const struct json *data;

	if (e != ERR_OK)
		return missed_failed(t, e);
	data = json_get(c->call.answer, "data");
	c->next_event = data ? data->first : NULL;
	c->has_more = c->next_event && json_is_true(json_get(c->call.answer, "has_more"));
	return missed_next(t);
}

static outcome_t missed_stored(struct task *t, enum err e)
{
	struct chore *c = t->state;

	if (e != ERR_OK)
		return missed_failed(t, e);
	if (c->fresh) {
		++*c->all->b->missed;
		log_warn("event-missed", L_STR("event", c->event.id),
			L_STR("type", c->event.type));
		lanes_kick(c->all->b->lanes);
	}
	return missed_next(t);
}

/* ---- begin and end ---- */

struct chores *chores_open(struct billing *b)
{
	struct chores *c = calloc(1, sizeof *c);

	if (!c)
		abort();
	c->b = b;
	timer_open(&b->app->loop, &c->tick, on_tick);
	timer_start(&c->tick, FIRST_TICK_MS, TICK_MS);
	return c;
}

bool chores_drain(struct chores *c)
{
	c->closing = true;
	timer_stop(&c->tick);
	return !c->busy;
}

/* One that is still at work when the grace is over goes with the process. */
static void on_tick_closed(struct timer *timer)
{
	struct chores *c = container_of(timer, struct chores, tick);

	if (!c->busy)
		free(c);
}

void chores_close(struct chores **c)
{
	if (!*c)
		return;
	(*c)->closing = true;
	timer_close(&(*c)->tick, on_tick_closed);
	*c = NULL;
}
