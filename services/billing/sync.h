/*
 * sync - asks Stripe about one subscription and writes what it says: status, tier, and the
 * news of it for chat, in one transaction.
 *
 * Use:   the task's state begins with a struct sync; fill its inputs; sync_subscription.
 * Fails: as stripe_client does for the asking, as pg does for the writing.
 */
#ifndef BILLING_SYNC_H
#define BILLING_SYNC_H

#include "billing.h"
#include "subscriptions_store.h"

struct sync {
	struct str subscription_id;
	struct str event_id; /* that asked for it; ptr NULL: none */
	struct uuid user_id; /* hint whose it is; nil: none */
	int64_t ticket;
	/* results */
	struct news_result result;
	struct stripe_call call; /* for retry_after_s */
	/* private */
	struct stripe_subscription says;
	step_fn *next;
};

outcome_t sync_subscription(struct task *t, step_fn *next) MUST_USE;

#endif
