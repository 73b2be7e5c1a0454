/*
 * jobs_store - the SQL of replies that are owed, as far as chat needs it. (Taking and
 * ending them is the worker's, through the functions of 0004_worker.sql.)
 */
#ifndef CHAT_JOBS_STORE_H
#define CHAT_JOBS_STORE_H

#include "app/task.h"
#include "queue.h"

struct owed_page {
	struct owed *owed;
	int count;
};
/* Up to `limit` replies that are owed and in nobody's hands, with ids between the two, in
 * their order. */
outcome_t jobs_read_owed(struct task *t, const struct uuid *after,
	const struct uuid *before, int64_t limit, struct owed_page *out,
	step_fn *next) MUST_USE;

enum stop_outcome {
	STOP_ENDED,    /* nobody had begun it: it is stopped */
	STOP_ASKED,    /* its worker is to stop */
	STOP_TOO_LATE, /* it had ended */
};
/* ERR_NOT_FOUND: no such reply of the caller's. */
outcome_t jobs_stop(struct task *t, const struct uuid *room_id, const struct uuid *reply_id,
	enum stop_outcome *out, step_fn *next) MUST_USE;

/* Deletes idempotency records older than a day. */
outcome_t jobs_tidy(struct task *t, step_fn *next) MUST_USE;

#endif
