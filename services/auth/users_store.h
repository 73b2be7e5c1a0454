/*
 * users_store - all SQL of users, tiers and passwords.
 *
 * Whatever names a session finds nothing (ERR_NOT_FOUND) when that is over: the token may
 * still be good elsewhere for a moment, here it is not.
 */
#ifndef AUTH_USERS_STORE_H
#define AUTH_USERS_STORE_H

#include "auth.h"

/* False while the database is away: then nothing is used up that only it could turn into a
 * sign-in. */
bool users_store_is_up(const struct task *t);

struct user {
	struct str mobile; /* in the task's arena */
	struct str tier;   /* "Basic", "Pro" */
	int64_t created_us;
};
/* Of t->caller. */
outcome_t users_find_caller(struct task *t, struct user *out, step_fn *next) MUST_USE;

/* Sets the caller's password and ends the caller's other sessions. ERR_NOT_FOUND also when
 * the session's code was proved too long ago. */
outcome_t users_set_password(
	struct task *t, struct str stored, int64_t *others_ended, step_fn *next) MUST_USE;

/* Unless a newer version is known. */
outcome_t users_set_tier(struct task *t, const struct uuid *user_id, struct str tier,
	int64_t version, step_fn *next) MUST_USE;

#endif
