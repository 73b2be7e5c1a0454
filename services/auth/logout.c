/* POST /auth/logout: end the caller's session; everybody refuses its tokens from now on. */
#include "sessions_store.h"

static step_fn ended;

outcome_t logout_post(struct task *t)
{
	return sessions_end(t, ended);
}

static outcome_t ended(struct task *t, enum err e)
{
	if (e == ERR_NOT_FOUND)
		return reply_problem(t, &PROBLEM_UNAUTHORIZED, "The session is over.");
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	log_info("signed-out");
	outbox_kick(auth_of(t)->outbox);
	return reply_empty(t, 204);
}
