/* POST /auth/signup, /auth/send-otp, /auth/forgot-password: count, make a code, remember
 * it, send it on its way, reply. Nobody looks whether the number is known, so nothing can
 * tell. */
#include "auth.h"
#include "client_address.h"
#include "http/params.h"
#include "otp_store.h"

static const struct problem TOO_MANY_CODES = { 429, "rate_limited", "Too many codes",
	NULL };

struct sending {
	struct str mobile;
	char code[OTP_DIGITS + 1];
	int64_t wait_ms;
};

static step_fn address_counted, issued; /* in the order they run */

outcome_t send_otp_post(struct task *t)
{
	const struct auth *auth = auth_of(t);
	struct sending *s = task_new(t, struct sending);
	struct str mobile;

	t->arena.secret = true;
	if (!params_read(t, P_STR("mobile", &mobile, 1, 40)) ||
		!read_mobile(t, mobile, &s->mobile))
		return reply_invalid(t);
	if (auth->otp.limits.per_address == 0)
		return address_counted(t, ERR_OK);
	return otp_store_count_address(t, client_address(t), &s->wait_ms, address_counted);
}

static outcome_t too_many(struct task *t, int64_t wait_ms)
{
	int64_t wait_s = (wait_ms + 999) / 1000;

	(*auth_of(t)->count.codes_refused)++;
	log_info("otp-refused", L_INT("wait_s", wait_s));
	reply_header(
		t, STR("Retry-After"), arena_fmt(&t->arena, "%lld", (long long)wait_s));
	return reply_problem(t, &TOO_MANY_CODES,
		"Another code can be asked for later; see Retry-After.");
}

static outcome_t address_counted(struct task *t, enum err e)
{
	struct sending *s = t->state;

	if (e == ERR_BUSY)
		return too_many(t, s->wait_ms);
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	otp_new_code(s->code);
	return otp_store_issue(t, s->mobile, str_of(s->code), &s->wait_ms, issued);
}

static outcome_t issued(struct task *t, enum err e)
{
	const struct auth *auth = auth_of(t);
	struct sending *s = t->state;

	if (e == ERR_BUSY)
		return too_many(t, s->wait_ms);
	if (e != ERR_OK)
		return auth_reply_error(t, e);
	(*auth->count.codes_sent)++;
	log_info("otp-issued", L_STR("mobile_end", mobile_end(s->mobile)));
	if (!auth_shows_codes(auth))
		deliver_code(t->app, s->mobile, str_of(s->code));

	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_z(w, "message", "A code is on its way to this number.");
	json_put_i64(w, "expires_in", OTP_LIFE_S);
	if (auth_shows_codes(auth))
		json_put_z(w, "otp", s->code);
	json_end(w);
	return reply_json(t, 200);
}
