/* POST /auth/change-password: is the session fresh, is the password good, hash it, store it
 * and end the user's other sessions, make outstanding codes worthless, reply. */
#include "base/clock.h"
#include "http/params.h"
#include "otp_store.h"
#include "secure/password.h"
#include "users_store.h"

static const struct problem NOT_FRESH = { 403, "fresh_login_required",
	"A fresh sign-in is required", NULL };

struct changing {
	struct str password;
	struct user user;
	struct str stored;
	int64_t others_ended;
};

static step_fn found, hashed, stored, forgotten; /* in the order they run */

static outcome_t not_fresh(struct task *t)
{
	return reply_problem(
		t, &NOT_FRESH, "Sign in with a new code, then change the password.");
}

outcome_t change_password_post(struct task *t)
{
	struct changing *c = task_new(t, struct changing);

	t->arena.secret = true;
	if (!params_read(t, P_STR("new_password", &c->password, 1, 4096)))
		return reply_invalid(t);
	if (t->caller->auth_time_s + auth_of(t)->password_fresh_login_s <= clock_wall_s())
		return not_fresh(t);
	return users_find_caller(t, &c->user, found);
}

/* Without the country's code: what people would type. */
static struct str own_digits(const struct auth *auth, struct str mobile)
{
	size_t code = strlen(auth->home->code) + 1;

	return str_from(mobile, mobile.len > code + 4 ? code : 1);
}

static outcome_t found(struct task *t, enum err e)
{
	const struct auth *auth = auth_of(t);
	struct changing *c = t->state;
	const char *problem;

	if (e == ERR_NOT_FOUND)
		return reply_problem(t, &PROBLEM_UNAUTHORIZED, "The session is over.");
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	problem = password_problem(
		c->password, auth->password_min, own_digits(auth, c->user.mobile));
	if (problem) {
		reply_invalid_add(t, STR("/new_password"), "%s", problem);
		return reply_invalid(t);
	}
	return password_hash(t, auth->hashing, c->password, &c->stored, hashed);
}

static outcome_t hashed(struct task *t, enum err e)
{
	struct changing *c = t->state;

	if (e != ERR_OK)
		return auth_reply_error(t, e);
	return users_set_password(t, c->stored, &c->others_ended, stored);
}

static outcome_t stored(struct task *t, enum err e)
{
	struct changing *c = t->state;

	if (e == ERR_NOT_FOUND) /* it was there when the hashing began */
		return not_fresh(t);
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	log_info("password-changed", L_INT("sessions_ended", c->others_ended));
	outbox_kick(auth_of(t)->outbox);
	return otp_store_forget(t, c->user.mobile, forgotten);
}

/* The password is changed either way; a code that Redis could not be told to forget has
 * minutes. */
static outcome_t forgotten(struct task *t, enum err e)
{
	struct changing *c = t->state;
	struct json_writer *w;

	if (e != ERR_OK)
		log_warn("otp-not-forgotten", L_ERR(e));
	w = reply_body(t);
	json_object(w, NULL);
	json_put_z(w, "message", "The password is changed; other sessions have ended.");
	json_put_i64(w, "sessions_ended", c->others_ended);
	json_end(w);
	return reply_json(t, 200);
}
