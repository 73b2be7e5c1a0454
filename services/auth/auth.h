/*
 * auth - who is calling: one-time codes, sessions, access tokens, passwords.
 *
 * struct auth is the one object of this process; every handler reaches it by auth_of. It is
 * filled from the settings and in auth_start, and does not change while serving.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "app/app.h"
#include "app/work.h"
#include "data/bus.h"
#include "http/outbound.h"
#include "http/reply.h"
#include "mobile.h"
#include "otp.h"
#include "secure/token.h"

struct auth {
	/* settings; -1: what fits otp_delivery */
	const char *jwt_private_key; /* PEM; NULL: HS256 */
	const char *default_region;
	const char *otp_delivery; /* "response", "webhook" */
	const char *otp_webhook_url, *otp_webhook_token;
	int64_t otp_resend_s, otp_per_hour, otp_per_day, otp_per_address, otp_failures;
	int64_t access_token_s, session_idle_s, session_life_s;
	int64_t password_min, password_fresh_login_s;
	int64_t hash_threads;
	int64_t audit_days;

	/* made at start */
	struct app *app;
	const struct mobile_region *home;
	struct otp otp;
	struct token_signer *signer;
	struct work *hashing;      /* password hashes, apart from everything else */
	struct outbound *outbound; /* to the sender of codes; NULL: none is used */
	struct outbox *outbox;
	struct inbox *billing; /* what billing says about tiers */
	struct timer sweep;
	bool sweeping;
	struct list deliveries; /* codes on their way */
	struct {
		uint64_t *codes_sent, *codes_refused, *codes_undelivered;
		uint64_t *codes_right, *codes_wrong, *codes_locked;
		uint64_t *refreshed, *reuse;
	} count;
};

static inline struct auth *auth_of(const struct task *t)
{
	return t->app->self;
}

/* True if nothing is delivered: the code stands in the answer, and limits default to none.
 */
static inline bool auth_shows_codes(const struct auth *auth)
{
	return !strcmp(auth->otp_delivery, "response");
}

/* As reply_error. Everything here can simply be asked for again, so what is unsure is no
 * more than not available now. */
static inline outcome_t auth_reply_error(struct task *t, enum err e)
{
	return reply_error(t, e == ERR_UNSURE ? ERR_UNAVAILABLE : e);
}

/* checks.c: what the settings table cannot say; one line per problem. */
void auth_check(struct app *app, struct buf *problems);

/* Handlers, each in the file of its name. */
handler_fn send_otp_post, verify_otp_post, refresh_post, logout_post, change_password_post,
	me_get, jwks_get;

/* deliver.c: a code to its number, after the answer was given; and an end to all that are
 * on their way. */
void deliver_code(struct app *app, struct str mobile, struct str code);
void deliveries_cancel(struct auth *auth);

/* tokens.c: the answer of a sign-in and of a refresh. */
struct session_tokens {
	struct identity who;
	struct str refresh_token;
};
outcome_t reply_tokens(struct task *t, const struct session_tokens *s) MUST_USE;

/* mobile_param.c: the request's one mobile number; false after noting what is wrong with
 * it. */
bool read_mobile(struct task *t, struct str text, struct str *mobile) MUST_USE;

/* tiers.c: applies what billing says. sweep.c: removes what is over. */
extern const struct inbox_handler tier_handlers[];
void sweep_open(struct app *app);

/* keygen.c: `auth keygen DIR`. */
int keygen_command(struct app *app, int argc, char **argv);

/* The last two digits of a number: all of it that may be logged. */
static inline struct str mobile_end(struct str mobile)
{
	return str_from(mobile, mobile.len - 2);
}

#endif
