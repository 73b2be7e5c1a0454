/* GET /user/me: the caller. Every user's number was proved, or there would be no such user.
 */
#include "users_store.h"

static step_fn found;

outcome_t me_get(struct task *t)
{
	return users_find_caller(t, task_new(t, struct user), found);
}

static outcome_t found(struct task *t, enum err e)
{
	struct user *u = t->state;

	if (e == ERR_NOT_FOUND)
		return reply_problem(t, &PROBLEM_UNAUTHORIZED, "The session is over.");
	if (e != ERR_OK)
		return auth_reply_error(t, e);

	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_uuid(w, "id", &t->caller->user_id);
	json_put_str(w, "mobile", u->mobile);
	json_put_bool(w, "is_verified", true);
	json_put_str(w, "subscription", u->tier);
	json_put_str(w, "subscription_tier", u->tier);
	json_put_time(w, "created_at", u->created_us);
	json_end(w);
	return reply_json(t, 200);
}
