#include "app/links.h"
#include "billing.h"
#include "data/bus.h"
#include "messages.h"

extern const struct migration billing_migrations[];

/* clang-format off */
static const struct route routes[] = {
	{ HTTP_M_GET,  "/subscribe/pro",       subscribe_get },
	{ HTTP_M_POST, "/subscribe/pro",       subscribe_post },
	{ HTTP_M_GET,  "/subscription/status", status_get },
	{ HTTP_M_POST, "/subscription/portal", portal_post },
	{ HTTP_M_GET,  "/subscription/done",   done_get, .auth = ROUTE_PUBLIC },
	{ HTTP_M_POST, "/webhook/stripe",      webhook_post, .auth = ROUTE_HOOK, .body_max = 1 << 20 },
	{ 0 },
};

#define AT(member) offsetof(struct billing, member)
static const struct setting settings[] = {
	{ "STRIPE_SECRET_KEY", SETTING_SECRET, AT(stripe_key), NULL, "calls Stripe: sk_... or rk_..." },
	{ "STRIPE_WEBHOOK_SECRET", SETTING_SECRET, AT(webhook_secret), NULL, "checks what Stripe sends: whsec_..." },
	{ "STRIPE_WEBHOOK_SECRET_PREVIOUS", SETTING_SECRET, AT(webhook_secret_previous), "", "still good while the secret is being changed" },
	{ "STRIPE_BASE_URL", SETTING_URL, AT(stripe_url), "https://api.stripe.com", "Stripe, or a simulator of it" },
	{ "STRIPE_API_VERSION", SETTING_STR, AT(stripe_version), "2026-08-26.dahlia", "sent as Stripe-Version" },
	{ "STRIPE_PRICE_PRO", SETTING_STR, AT(price_pro), NULL, "what Pro costs: price_..." },
	{ "STRIPE_LIVEMODE", SETTING_BOOL, AT(livemode), "false", "events and answers must be of this mode" },
	{ "PUBLIC_URL", SETTING_URL, AT(public_url), "http://localhost:8000", "where browsers reach the gateway" },
	{ "PAST_DUE_GRACE_S", SETTING_INT, AT(past_due_grace_s), "1209600", "how long Pro lasts when a payment failed", 0, 31536000 },
	{ "RECONCILE_S", SETTING_INT, AT(reconcile_s), "86400", "how often each subscription is compared with Stripe", 60, 2592000 },
	{ 0 },
};
/* clang-format on */

/* Keys say of which mode they are. */
static void check_mode(const struct billing *b, struct buf *problems)
{
	struct str key = str_of(b->stripe_key);
	bool live = str_starts(key, STR("sk_live_")) || str_starts(key, STR("rk_live_"));
	bool test = str_starts(key, STR("sk_test_")) || str_starts(key, STR("rk_test_"));

	if (live && !b->livemode)
		buf_addf(problems, "STRIPE_LIVEMODE: must be true with a live key\n");
	if (test && b->livemode)
		buf_addf(problems, "STRIPE_LIVEMODE: must be false with a test key\n");
}

static void billing_check(struct app *app, struct buf *problems)
{
	const struct billing *b = app->self;
	struct str secret = str_of(b->webhook_secret);

	if (b->stripe_key)
		check_mode(b, problems);
	links_check_outside(app, "STRIPE_BASE_URL", b->stripe_url, problems);
	if (app->set.production && b->webhook_secret && secret.len < 16)
		buf_addf(problems, "STRIPE_WEBHOOK_SECRET: too short for production\n");
}

/* Addresses are put together as "<url>/path". */
static const char *without_slash(struct app *app, const char *url)
{
	struct str s = str_of(url);

	while (str_ends(s, STR("/")))
		s.len--;
	return arena_cstr(&app->arena, s);
}

static void open_counters(struct billing *b)
{
	struct metrics *m = b->app->metrics;

	b->events_stored = metrics_counter(m, "castor_billing_events_total",
		"Webhook events by what became of them", "outcome=\"stored\"");
	b->events_repeated = metrics_counter(m, "castor_billing_events_total",
		"Webhook events by what became of them", "outcome=\"repeated\"");
	b->events_refused = metrics_counter(m, "castor_billing_events_total",
		"Webhook events by what became of them", "outcome=\"refused\"");
	b->synced = metrics_counter(m, "castor_billing_syncs_total",
		"Subscriptions asked about and written", NULL);
	b->sync_failed = metrics_counter(m, "castor_billing_sync_failures_total",
		"Events put off because Stripe or the database did not answer", NULL);
	b->drift = metrics_counter(m, "castor_billing_drift_total",
		"Changes at Stripe that no event had told", NULL);
	b->missed = metrics_counter(m, "castor_billing_missed_events_total",
		"Events that were asked for because they had not come", NULL);
}

static enum err billing_start(struct app *app)
{
	struct billing *b = app->self;

	b->app = app;
	b->public_url = without_slash(app, b->public_url);
	open_counters(b);
	stripe_client_open(
		&b->stripe, app, b->stripe_url, b->stripe_key, b->stripe_version);
	b->outbox = outbox_open(app, &MSG_BILLING_REPLAY);
	b->lanes = lanes_open(b);
	b->chores = chores_open(b);
	return ERR_OK;
}

static bool billing_drain(struct app *app)
{
	struct billing *b = app->self;
	bool lanes_idle = lanes_drain(b->lanes), chores_idle = chores_drain(b->chores);

	return lanes_idle && chores_idle;
}

static void on_client_closed(void *ctx)
{
	app_stopped(ctx);
}

static void billing_stop(struct app *app)
{
	struct billing *b = app->self;

	chores_close(&b->chores);
	lanes_close(&b->lanes);
	outbox_close(&b->outbox);
	stripe_client_close(&b->stripe, on_client_closed, app);
}

int main(int argc, char **argv)
{
	return app_main(argc, argv,
		&(struct app_spec){ .name = "billing",
			.listen = "127.0.0.1:8083",
			.self_size = sizeof(struct billing),
			.uses = USES_PG | USES_REDIS | USES_PUBSUB | USES_TOKENS |
				USES_HTTP,
			.settings = settings,
			.routes = routes,
			.migrations = billing_migrations,
			.check = billing_check,
			.start = billing_start,
			.drain = billing_drain,
			.stop = billing_stop });
}
