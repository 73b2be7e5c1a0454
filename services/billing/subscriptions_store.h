/*
 * subscriptions_store - SQL of billing.subscriptions, and of the tier that follows from
 * them.
 */
#ifndef BILLING_SUBSCRIPTIONS_STORE_H
#define BILLING_SUBSCRIPTIONS_STORE_H

#include "app/task.h"
#include "stripe_object.h"

/* An answer of Stripe, to be written. */
struct subscription_news {
	int64_t ticket;      /* drawn before Stripe was asked */
	struct str event_id; /* whose event this settles; ptr NULL: none's */
	const struct stripe_subscription *says;
	struct uuid user_id; /* further hint whose it is; nil: none */
	int64_t grace_s;
};

enum news_outcome {
	NEWS_CHANGED, /* it was not known so */
	NEWS_SAME,
	NEWS_STALE,    /* a later answer had been written already */
	NEWS_UNLINKED, /* nobody's */
};

struct news_result {
	enum news_outcome outcome;
	bool tier_changed; /* and is in the outbox */
};

outcome_t subscription_apply(struct task *t, const struct subscription_news *n,
	struct news_result *into, step_fn *next) MUST_USE;
/* The customer was deleted at Stripe. *tier_changed as above. */
outcome_t customer_drop(struct task *t, int64_t ticket, struct str customer_id,
	int64_t grace_s, bool *tier_changed, step_fn *next) MUST_USE;

struct due_subscription {
	struct str id; /* in the task's arena */
	int64_t ticket;
	struct uuid user_id;
};

/* One that nothing was heard of for age_s; ERR_NOT_FOUND when there is none. */
outcome_t subscription_claim(struct task *t, int64_t age_s, struct due_subscription *into,
	step_fn *next) MUST_USE;
/* Ends the access of those whose grace is over; *count tiers changed. */
outcome_t grace_end(
	struct task *t, int64_t grace_s, int64_t *count, step_fn *next) MUST_USE;

/* What the user is told. */
struct subscription_view {
	struct str tier, status; /* "none" without a subscription */
	int64_t period_end_us;   /* 0: none */
	bool ends_then;
};
outcome_t subscription_view(struct task *t, const struct uuid *user,
	struct subscription_view *into, step_fn *next) MUST_USE;

#endif
