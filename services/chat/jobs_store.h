/*
 * jobs_store - the SQL of replies that are owed, as far as chat needs it. (Taking and
 * ending them is the worker's, through the functions of 0004_worker.sql.)
 */
#ifndef CHAT_JOBS_STORE_H
#define CHAT_JOBS_STORE_H

#include "app/task.h"

struct owed {
	struct uuid room_id, reply_id;
	bool is_pro;
	struct str traceparent; /* ptr NULL: none */
};

struct owed_page {
	struct owed *owed;
	int count;
};

/* How much of the streams may have been lost. */
struct owed_lost {
	int64_t older_than_ms; /* all that was put there longer ago; negative: not known to
				  be */
	int64_t pro_given_us,
		basic_given_us; /* entries up to these times went to workers */
};

/*
 * Marks as put in the stream, and gives, up to `limit` replies that should be there and are
 * not: lost leases, due retries, and what nobody holds that `lost` speaks of.
 */
outcome_t jobs_take_owed(struct task *t, const struct owed_lost *lost, int64_t limit,
	struct owed_page *out, step_fn *next) MUST_USE;

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
