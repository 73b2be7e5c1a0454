/*
 * billing - who pays: checkout and portal at Stripe, its webhooks, and the tier that
 * follows.
 *
 *   checkout.c   GET and POST /subscribe/pro
 *   portal.c     POST /subscription/portal
 *   status.c     GET /subscription/status, and the page after paying
 *   webhook.c    POST /webhook/stripe: checked, stored, answered
 *   lanes.c      stored events worked off: ask Stripe, write the answer
 *   sync.c       asking about one subscription and writing what came
 *   chores.c     what was missed: grace that ends, subscriptions to check, events never
 * delivered
 */
#ifndef BILLING_H
#define BILLING_H

#include "app/app.h"
#include "stripe_client.h"

struct outbox;
struct lanes;
struct chores;

struct billing {
	struct app *app;
	/* settings */
	const char *stripe_key, *stripe_url, *stripe_version, *price_pro, *public_url;
	const char *webhook_secret, *webhook_secret_previous;
	bool livemode;
	int64_t past_due_grace_s;
	int64_t reconcile_s;
	/* parts */
	struct stripe_client stripe;
	struct outbox *outbox;
	struct lanes *lanes;
	struct chores *chores;
	/* counters */
	uint64_t *events_stored, *events_repeated, *events_refused;
	uint64_t *synced, *sync_failed, *drift, *missed;
};

/* A member of ours, by a task. */
static inline struct billing *billing_of(const struct task *t)
{
	return t->app->self;
}

outcome_t subscribe_get(struct task *t);
outcome_t subscribe_post(struct task *t);
outcome_t portal_post(struct task *t);
outcome_t status_get(struct task *t);
outcome_t done_get(struct task *t);
outcome_t webhook_post(struct task *t);

/* lanes.c: work on stored events. */
struct lanes *lanes_open(struct billing *b);
/* There may be an event. */
void lanes_kick(struct lanes *l);
/* Nothing new is begun; true when nothing is in hand. */
bool lanes_drain(struct lanes *l);
void lanes_close(struct lanes **l);

/* chores.c */
struct chores *chores_open(struct billing *b);
bool chores_drain(struct chores *c);
void chores_close(struct chores **c);

#endif
