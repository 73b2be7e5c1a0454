#include "stripe.h"

#define AT(member) offsetof(struct stripe, member)
#define OPEN       .auth = ROUTE_PUBLIC, .body_max = 64 << 10

/* clang-format off */
static const struct route routes[] = {
	{ HTTP_M_POST,   "/v1/customers",                     customers_post, OPEN },
	{ HTTP_M_GET,    "/v1/customers",                     customers_get, OPEN },
	{ HTTP_M_GET,    "/v1/customers/{id}",                customer_get, OPEN },
	{ HTTP_M_DELETE, "/v1/customers/{id}",                customer_delete, OPEN },
	{ HTTP_M_POST,   "/v1/checkout/sessions",             sessions_post, OPEN },
	{ HTTP_M_GET,    "/v1/checkout/sessions/{id}",        session_get, OPEN },
	{ HTTP_M_POST,   "/v1/checkout/sessions/{id}/expire", session_expire, OPEN },
	{ HTTP_M_GET,    "/v1/subscriptions",                 subscriptions_get, OPEN },
	{ HTTP_M_GET,    "/v1/subscriptions/{id}",            subscription_get, OPEN },
	{ HTTP_M_POST,   "/v1/subscriptions/{id}",            subscription_post, OPEN },
	{ HTTP_M_DELETE, "/v1/subscriptions/{id}",            subscription_delete, OPEN },
	{ HTTP_M_POST,   "/v1/billing_portal/sessions",       portals_post, OPEN },
	{ HTTP_M_GET,    "/v1/prices/{id}",                   prices_get, OPEN },
	{ HTTP_M_GET,    "/v1/invoices/{id}",                 invoice_get, OPEN },
	{ HTTP_M_GET,    "/v1/events",                        events_get, OPEN },
	{ HTTP_M_GET,    "/v1/events/{id}",                   event_get, OPEN },
	{ HTTP_M_GET,    "/pay/{session}",                    pay_page, OPEN },
	{ HTTP_M_POST,   "/pay/{session}",                    pay_post, OPEN },
	{ HTTP_M_GET,    "/portal/{session}",                 portal_page, OPEN },
	{ HTTP_M_POST,   "/portal/{session}/cancel/{id}",     portal_cancel, OPEN },
	{ HTTP_M_GET,    "/__control",                        control_get, OPEN },
	{ HTTP_M_POST,   "/__control",                        control_post, OPEN },
	{ HTTP_M_POST,   "/__reset",                          reset_post, OPEN },
	{ HTTP_M_POST,   "/__events/{id}/resend",             event_resend, OPEN },
	{ HTTP_M_POST,   "/__subscriptions/{id}",             subscription_force, OPEN },
	{ 0 },
};

static const struct setting settings[] = {
	{ "PUBLIC_URL", SETTING_URL, AT(public_url), "http://127.0.0.1:12111", "where a browser reaches this simulator" },
	{ "WEBHOOK_URL", SETTING_URL, AT(webhook_url), "", "where events are delivered; none: nowhere" },
	{ "STRIPE_WEBHOOK_SECRET", SETTING_SECRET, AT(webhook_secret), "whsec_simulator", "signs them" },
	{ "STRIPE_SECRET_KEY", SETTING_SECRET, AT(secret_key), "", "the only key that is let in; none: any" },
	{ 0 },
};
/* clang-format on */

void stripe_init(struct stripe *s)
{
	arena_init(&s->arena);
	shelf_init(&s->customers, "cus_");
	shelf_init(&s->sessions, "cs_test_");
	shelf_init(&s->subscriptions, "sub_");
	shelf_init(&s->invoices, "in_");
	shelf_init(&s->portals, "bps_");
	shelf_init(&s->events, "evt_");
	map_init(&s->replays);
	s->control = (struct control){ .webhooks = WEBHOOKS_ON };
	s->calls = s->calls_failed = 0;
}

/* stripe_init, backwards. */
void stripe_fini(struct stripe *s)
{
	courier_clear(s);
	map_fini(&s->replays);
	shelf_fini(&s->events);
	shelf_fini(&s->portals);
	shelf_fini(&s->invoices);
	shelf_fini(&s->subscriptions);
	shelf_fini(&s->sessions);
	shelf_fini(&s->customers);
	arena_fini(&s->arena);
}

static enum err stripe_start(struct app *app)
{
	struct stripe *s = app->self;

	stripe_init(s);
	s->outbound = outbound_open(&app->loop, 16);
	courier_open(app);
	return ERR_OK;
}

static bool stripe_drain(struct app *app)
{
	struct stripe *s = app->self;

	s->courier.quiet = true;
	return !s->courier.busy;
}

static void on_outbound_closed(void *ctx)
{
	app_stopped(ctx);
}

static void stripe_stop(struct app *app)
{
	struct stripe *s = app->self;

	courier_close(s);
	stripe_fini(s);
	buf_fini(&s->snapshot);
	buf_fini(&s->scratch);
	outbound_close(&s->outbound, on_outbound_closed, app);
}

int main(int argc, char **argv)
{
	return app_main(argc, argv,
		&(struct app_spec){ .name = "fake-stripe",
			.listen = "127.0.0.1:12111",
			.self_size = sizeof(struct stripe),
			.uses = USES_HTTP,
			.settings = settings,
			.routes = routes,
			.start = stripe_start,
			.drain = stripe_drain,
			.stop = stripe_stop });
}
