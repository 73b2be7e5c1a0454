/* POST /auth/verify-otp: count the try, compare, use the code up, begin a session, reply
 * with its tokens. A wrong code, one that is over and one that never was look the same from
 * outside. */
#include "http/params.h"
#include "otp_store.h"
#include "sessions_store.h"
#include "users_store.h"

static const struct problem INVALID_CODE = { 400, "invalid_code",
	"The code is wrong or has expired", NULL };
static const struct problem TOO_MANY_TRIES = { 429, "too_many_tries",
	"Too many wrong codes", NULL };

struct verifying {
	struct str mobile, code;
	struct otp_try tried;
	struct sign_in sign_in;
};

static step_fn counted, taken, begun; /* in the order they run */

outcome_t verify_otp_post(struct task *t)
{
	struct verifying *v = task_new(t, struct verifying);
	struct str mobile;

	t->arena.secret = true;
	if (!params_read(t, P_STR("mobile", &mobile, 1, 40), P_STR("otp", &v->code, 1, 16)))
		return reply_invalid(t);
	if (!otp_is_code(v->code))
		reply_invalid_add(t, STR("/otp"), "must be %d digits", OTP_DIGITS);
	if (!read_mobile(t, mobile, &v->mobile) || reply_invalid_any(t))
		return reply_invalid(t);
	if (!users_store_is_up(t))
		return reply_error(t, ERR_UNAVAILABLE);
	return otp_store_try(t, v->mobile, &v->tried, counted);
}

static outcome_t wrong_code(struct task *t)
{
	struct verifying *v = t->state;

	(*auth_of(t)->count.codes_wrong)++;
	log_info("otp-wrong", L_STR("mobile_end", mobile_end(v->mobile)));
	return reply_problem(t, &INVALID_CODE, NULL);
}

static outcome_t too_many(struct task *t)
{
	struct verifying *v = t->state;
	int64_t wait_s = (v->tried.wait_ms + 999) / 1000;

	(*auth_of(t)->count.codes_locked)++;
	log_warn("otp-locked", L_STR("mobile_end", mobile_end(v->mobile)));
	reply_header(
		t, STR("Retry-After"), arena_fmt(&t->arena, "%lld", (long long)wait_s));
	return reply_problem(t, &TOO_MANY_TRIES, "Ask for a new code.");
}

static outcome_t counted(struct task *t, enum err e)
{
	struct verifying *v = t->state;

	if (e == ERR_NOT_FOUND)
		return wrong_code(t);
	if (e == ERR_BUSY)
		return too_many(t);
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	if (!otp_matches(
		    &auth_of(t)->otp, v->tried.salt, v->tried.digest, v->mobile, v->code))
		return wrong_code(t);
	return otp_store_take(t, v->mobile, &v->tried, taken);
}

static outcome_t taken(struct task *t, enum err e)
{
	struct verifying *v = t->state;

	if (e == ERR_NOT_FOUND)
		return wrong_code(t);
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	v->sign_in.mobile = v->mobile;
	return sessions_begin(t, &v->sign_in, begun);
}

static outcome_t begun(struct task *t, enum err e)
{
	struct verifying *v = t->state;

	if (e != ERR_OK)
		return auth_reply_error(t, e);
	(*auth_of(t)->count.codes_right)++;
	if (v->sign_in.is_new)
		outbox_kick(auth_of(t)->outbox);
	log_info("signed-in", L_STR("mobile_end", mobile_end(v->mobile)),
		L_INT("new_user", v->sign_in.is_new));
	return reply_tokens(
		t, &(struct session_tokens){ v->sign_in.who,
			   refresh_token_text(&v->sign_in.refresh, &t->arena) });
}
