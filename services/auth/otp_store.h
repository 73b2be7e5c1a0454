/*
 * otp_store - codes and their counters in Redis, where they expire by themselves. One
 * script per call: what it counts and what it decides cannot be pulled apart by parallel
 * requests.
 *
 * All fail with ERR_UNAVAILABLE at once while Redis is away: without counting, no code is
 * made and none is tried.
 */
#ifndef AUTH_OTP_STORE_H
#define AUTH_OTP_STORE_H

#include "auth.h"

/* ERR_BUSY: too many codes for this client address; *wait_ms until there may be another. */
outcome_t otp_store_count_address(
	struct task *t, struct str address, int64_t *wait_ms, step_fn *next) MUST_USE;

/* Remembers the code in place of any other of this number. ERR_BUSY: too soon, or too many;
 * *wait_ms until the next may be asked for. */
outcome_t otp_store_issue(struct task *t, struct str mobile, struct str code,
	int64_t *wait_ms, step_fn *next) MUST_USE;

struct otp_try {
	struct str salt, digest; /* of the code that is waited for, in the task's arena */
	int64_t wait_ms;
};
/* Counts a try before it is known whether it is right. ERR_NOT_FOUND: no code is waited
 * for; ERR_BUSY: too many tries, a new code can be tried after wait_ms at the latest. */
outcome_t otp_store_try(
	struct task *t, struct str mobile, struct otp_try *out, step_fn *next) MUST_USE;

/* Uses the code up that was just tried. ERR_NOT_FOUND: another request was faster. */
outcome_t otp_store_take(struct task *t, struct str mobile, const struct otp_try *tried,
	step_fn *next) MUST_USE;

/* No code of this number is good any more. */
outcome_t otp_store_forget(struct task *t, struct str mobile, step_fn *next) MUST_USE;

#endif
