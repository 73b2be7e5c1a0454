/*
 * accounts_store - SQL of billing.accounts and billing.checkouts.
 */
#ifndef BILLING_ACCOUNTS_STORE_H
#define BILLING_ACCOUNTS_STORE_H

#include "app/task.h"

/* A user's checkout; strings in the task's arena, ptr NULL where there is none. */
struct checkout_row {
	struct str tier;
	struct str standing; /* status of the subscription that stands in the way */
	struct str customer_id;
	int64_t customers;   /* how many there were before */
	struct uuid attempt; /* nil: none was begun */
	struct str session_id, url;
};

/* The one under way on these terms, or a new one under `attempt`. */
outcome_t checkout_begin(struct task *t, const struct uuid *user, struct str terms,
	const struct uuid *attempt, struct checkout_row *into, step_fn *next) MUST_USE;
/* Gives up the attempt: the next checkout_begin makes a new one. */
outcome_t checkout_drop(struct task *t, const struct uuid *user, const struct uuid *attempt,
	step_fn *next) MUST_USE;
/* ERR_NOT_FOUND: the attempt is not the current one any more. */
outcome_t checkout_opened(struct task *t, const struct uuid *attempt, struct str session_id,
	struct str url, int64_t expires_at_s, step_fn *next) MUST_USE;
/* The session is over without payment. */
outcome_t checkout_expired(struct task *t, struct str session_id, step_fn *next) MUST_USE;

/* *customer_id becomes the user's: this one, or one that was written meanwhile. */
outcome_t account_link(struct task *t, const struct uuid *user, struct str *customer_id,
	step_fn *next) MUST_USE;
/* Forgets a customer that Stripe does not have; the next one gets another idempotency key.
 */
outcome_t account_unlink(struct task *t, const struct uuid *user, struct str customer_id,
	step_fn *next) MUST_USE;
/* The next customer gets another idempotency key, if this was the number of the last. */
outcome_t account_new_key(
	struct task *t, const struct uuid *user, int64_t customers, step_fn *next) MUST_USE;
/* *customer_id of the user; ERR_NOT_FOUND: none. */
outcome_t account_customer(struct task *t, const struct uuid *user, struct str *customer_id,
	step_fn *next) MUST_USE;

#endif
