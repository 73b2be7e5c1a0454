/*
 * events_store - SQL of billing.events and billing.chores.
 */
#ifndef BILLING_EVENTS_STORE_H
#define BILLING_EVENTS_STORE_H

#include "app/task.h"
#include "stripe_object.h"

/* Stores it, once: *fresh says whether it was new. Nothing waits on an event without
 * action. */
outcome_t events_insert(
	struct task *t, const struct stripe_event *e, bool *fresh, step_fn *next) MUST_USE;

/* A stored event that was claimed; strings in the task's arena. */
struct claimed_event {
	struct str id, type, object_id, subscription_id, customer_id, trace_id;
	enum event_action action;
	struct uuid user_id;
	int64_t ticket;
	int64_t attempts; /* this one counted */
};

/* The event that has waited longest; ERR_NOT_FOUND when none waits. */
outcome_t events_claim(struct task *t, struct claimed_event *into, step_fn *next) MUST_USE;
outcome_t events_done(struct task *t, struct str id, step_fn *next) MUST_USE;
/* Tried again after a growing while, at the earliest after wait_s. */
outcome_t events_retry(struct task *t, const struct claimed_event *ev, enum err why,
	int64_t wait_s, step_fn *next) MUST_USE;
/* Takes out what was done long ago. */
outcome_t events_prune(struct task *t, step_fn *next) MUST_USE;

/* ERR_NOT_FOUND: not due, or another copy has it. Due again after every_s. */
outcome_t chores_claim(
	struct task *t, struct str name, int64_t every_s, step_fn *next) MUST_USE;
/* It failed: due again soon. */
outcome_t chores_retry(struct task *t, struct str name, step_fn *next) MUST_USE;

#endif
