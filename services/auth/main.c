#include "auth.h"

#define AT(member) offsetof(struct auth, member)

/* clang-format off */
static const struct route routes[] = {
	{ HTTP_M_POST, "/auth/signup",           send_otp_post,        ROUTE_PUBLIC, 16 << 10 },
	{ HTTP_M_POST, "/auth/send-otp",         send_otp_post,        ROUTE_PUBLIC, 16 << 10 },
	{ HTTP_M_POST, "/auth/forgot-password",  send_otp_post,        ROUTE_PUBLIC, 16 << 10 },
	{ HTTP_M_POST, "/auth/verify-otp",       verify_otp_post,      ROUTE_PUBLIC, 16 << 10 },
	{ HTTP_M_POST, "/auth/refresh",          refresh_post,         ROUTE_PUBLIC, 16 << 10 },
	{ HTTP_M_POST, "/auth/logout",           logout_post },
	{ HTTP_M_POST, "/auth/change-password",  change_password_post, ROUTE_USER,   16 << 10 },
	{ HTTP_M_GET,  "/user/me",               me_get },
	{ HTTP_M_GET,  "/.well-known/jwks.json", jwks_get,             ROUTE_PUBLIC },
	{ 0 },
};

static const struct setting settings[] = {
	{ "JWT_PRIVATE_KEY", SETTING_SECRET, AT(jwt_private_key), "",
		"PEM, Ed25519 (auth keygen DIR makes one); none: HS256 derived from SECRET_KEY" },
	{ "DEFAULT_REGION", SETTING_STR, AT(default_region), "IN",
		"country of numbers without a country code" },
	{ "OTP_DELIVERY", SETTING_CHOICE, AT(otp_delivery), "response",
		"how codes reach people; response: in the answer, never in production",
		.choices = "response|webhook" },
	{ "OTP_WEBHOOK_URL", SETTING_URL, AT(otp_webhook_url), "",
		"is sent {\"mobile\",\"code\",\"expires_in\"}" },
	{ "OTP_WEBHOOK_TOKEN", SETTING_SECRET, AT(otp_webhook_token), "", "its bearer token" },
	{ "OTP_RESEND_S", SETTING_INT, AT(otp_resend_s), "-1",
		"pause between codes for a number, doubling; -1: 30, or 0 with response", -1, 3600 },
	{ "OTP_PER_HOUR", SETTING_INT, AT(otp_per_hour), "-1",
		"codes per number; 0: no limit; -1: 5, or 0 with response", -1, 1000000 },
	{ "OTP_PER_DAY", SETTING_INT, AT(otp_per_day), "-1",
		"codes per number; 0: no limit; -1: 10, or 0 with response", -1, 1000000 },
	{ "OTP_PER_ADDRESS", SETTING_INT, AT(otp_per_address), "-1",
		"codes per client address and hour; 0: no limit; -1: 30, or 0 with response", -1, 1000000 },
	{ "OTP_FAILURES", SETTING_INT, AT(otp_failures), "-1",
		"wrong codes per number and hour; 0: no limit; -1: 10, or 0 with response", -1, 1000000 },
	{ "ACCESS_TOKEN_S", SETTING_INT, AT(access_token_s), "900", "life of an access token", 60, 3600 },
	{ "SESSION_IDLE_S", SETTING_INT, AT(session_idle_s), "2592000",
		"life of a refresh token that is not used", 60, 31536000 },
	{ "SESSION_LIFE_S", SETTING_INT, AT(session_life_s), "7776000",
		"life of a session, however often it is refreshed", 60, 31536000 },
	{ "PASSWORD_MIN", SETTING_INT, AT(password_min), "12", "characters", 8, 64 },
	{ "PASSWORD_FRESH_LOGIN_S", SETTING_INT, AT(password_fresh_login_s), "900",
		"how long after a code the password may be changed", 1, 86400 },
	{ "HASH_THREADS", SETTING_INT, AT(hash_threads), "2",
		"passwords hashed at once, 128 MiB each", 1, 16 },
	{ "AUDIT_DAYS", SETTING_INT, AT(audit_days), "365", "how long audit rows are kept", 1, 36500 },
	{ 0 },
};
/* clang-format on */

static int64_t limit(const struct auth *auth, int64_t set, int64_t dflt)
{
	if (set >= 0)
		return set;
	return auth_shows_codes(auth) ? 0 : dflt;
}

static void open_otp(struct app *app, struct auth *auth)
{
	const struct otp_limits limits = {
		.resend_s = limit(auth, auth->otp_resend_s, 30),
		.per_hour = limit(auth, auth->otp_per_hour, 5),
		.per_day = limit(auth, auth->otp_per_day, 10),
		.per_address = limit(auth, auth->otp_per_address, 30),
		.failures = limit(auth, auth->otp_failures, 10),
	};

	otp_init(&auth->otp, app->set.secret_key, app_key(app, "otp:"), &limits);
}

static void open_metrics(struct metrics *m, struct auth *auth)
{
	static const char codes[] = "castor_auth_codes_total";
	static const char refreshes[] = "castor_auth_refresh_total";
	static const char codes_help[] = "One-time codes, by what became of them.";
	static const char refreshes_help[] = "Refresh tokens, by what became of them.";

	auth->count.codes_sent = metrics_counter(m, codes, codes_help, "outcome=\"sent\"");
	auth->count.codes_refused = metrics_counter(
		m, codes, codes_help, "outcome=\"refused\"");
	auth->count.codes_undelivered = metrics_counter(
		m, codes, codes_help, "outcome=\"undelivered\"");
	auth->count.codes_right = metrics_counter(
		m, codes, codes_help, "outcome=\"right\"");
	auth->count.codes_wrong = metrics_counter(
		m, codes, codes_help, "outcome=\"wrong\"");
	auth->count.codes_locked = metrics_counter(
		m, codes, codes_help, "outcome=\"locked\"");
	auth->count.refreshed = metrics_counter(
		m, refreshes, refreshes_help, "outcome=\"rotated\"");
	auth->count.reuse = metrics_counter(
		m, refreshes, refreshes_help, "outcome=\"reused\"");
}

static enum err auth_start(struct app *app)
{
	struct auth *auth = app->self;
	const char *why;

	auth->app = app;
	auth->home = mobile_region_find(str_of(auth->default_region));
	auth->signer = token_signer_new(auth->jwt_private_key, app->set.secret_key, &why);
	open_otp(app, auth);
	open_metrics(app->metrics, auth);
	list_init(&auth->deliveries);
	if (!auth_shows_codes(auth))
		auth->outbound = outbound_open(&app->loop, 8);
	auth->hashing = work_open(&app->loop, (unsigned)auth->hash_threads, 32);
	auth->outbox = outbox_open(app, &MSG_AUTH_REPLAY);
	auth->billing = inbox_open(&(struct inbox_options){ .app = app,
		.source = "billing",
		.replay = &MSG_BILLING_REPLAY,
		.handlers = tier_handlers,
		.durable = true });
	sweep_open(app);
	return ERR_OK;
}

static bool auth_drain(struct app *app)
{
	const struct auth *auth = app->self;

	return list_empty(&auth->deliveries) && !auth->sweeping;
}

/* ---- stop: requests that are still in hand need everything until the stores close ---- */

static void outbound_closed(void *ctx)
{
	struct app *app = ctx;
	struct auth *auth = app->self;

	inbox_close(&auth->billing);
	outbox_close(&auth->outbox);
	token_signer_free(&auth->signer);
	app_stopped(app);
}

static void hashing_closed(void *ctx)
{
	struct app *app = ctx;
	struct auth *auth = app->self;

	deliveries_cancel(auth);
	if (auth->outbound)
		outbound_close(&auth->outbound, outbound_closed, app);
	else
		outbound_closed(app);
}

static void auth_stop(struct app *app)
{
	struct auth *auth = app->self;

	timer_close(&auth->sweep, NULL);
	work_close(&auth->hashing, hashing_closed, app);
}

extern const struct migration auth_migrations[];

int main(int argc, char **argv)
{
	static const struct app_spec spec = {
		.name = "auth",
		.self_size = sizeof(struct auth),
		.uses = USES_PG | USES_REDIS | USES_PUBSUB | USES_TOKENS | USES_HTTP,
		.listen = "127.0.0.1:8081",
		.settings = settings,
		.routes = routes,
		.check = auth_check,
		.start = auth_start,
		.drain = auth_drain,
		.stop = auth_stop,
		.migrations = auth_migrations,
		.command = keygen_command,
	};

	return app_main(argc, argv, &spec);
}
