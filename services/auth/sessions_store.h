/*
 * sessions_store - all SQL of sessions and refresh tokens. Each call is one round trip; the
 * functions it runs stand in migrations/.
 */
#ifndef AUTH_SESSIONS_STORE_H
#define AUTH_SESSIONS_STORE_H

#include "auth.h"
#include "refresh_token.h"

struct sign_in {
	struct str mobile;
	struct refresh_token refresh;
	/* results */
	struct identity who; /* without expires_at_s */
	bool is_new;         /* the user came to be just now */
};
outcome_t sessions_begin(struct task *t, struct sign_in *s, step_fn *next) MUST_USE;

struct rotation {
	struct refresh_token used;
	struct refresh_token
		next; /* as proposed; as it is, when the step runs with ERR_OK */
	/* results */
	struct identity who; /* without expires_at_s; also with ERR_CONFLICT */
};
/* ERR_NOT_FOUND: no such token, or its session is over. ERR_CONFLICT: it had been used
 * before, and the session is over now. */
outcome_t sessions_rotate(struct task *t, struct rotation *r, step_fn *next) MUST_USE;

/* Ends the caller's session; ERR_NOT_FOUND if it was over already. */
outcome_t sessions_end(struct task *t, step_fn *next) MUST_USE;

/* Removes some of what is over; *removed says how much. */
outcome_t sessions_sweep(struct task *t, int64_t *removed, step_fn *next) MUST_USE;
#define SWEEP_ROWS 500 /* of each kind, per call */

#endif
