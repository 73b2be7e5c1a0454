#include "gateway.h"

#include <assert.h>
#include <ifaddrs.h>
#include <sys/socket.h>

/* clang-format off */
static const struct public_route routes[] = {
	/* method      path                      service          who may call   limit          sent twice?    wait ms  body */
	{ HTTP_M_POST, "/auth/signup",           SERVICE_AUTH,    ROUTE_PUBLIC,  LIMIT_AUTH,    REPEAT_NEVER,  0,       16 << 10 },
	{ HTTP_M_POST, "/auth/send-otp",         SERVICE_AUTH,    ROUTE_PUBLIC,  LIMIT_AUTH,    REPEAT_NEVER,  0,       16 << 10 },
	{ HTTP_M_POST, "/auth/verify-otp",       SERVICE_AUTH,    ROUTE_PUBLIC,  LIMIT_AUTH,    REPEAT_NEVER,  0,       16 << 10 },
	{ HTTP_M_POST, "/auth/forgot-password",  SERVICE_AUTH,    ROUTE_PUBLIC,  LIMIT_AUTH,    REPEAT_NEVER,  0,       16 << 10 },
	{ HTTP_M_POST, "/auth/change-password",  SERVICE_AUTH,    ROUTE_USER,    LIMIT_AUTH,    REPEAT_NEVER,  0,       16 << 10 },
	{ HTTP_M_POST, "/auth/refresh",          SERVICE_AUTH,    ROUTE_PUBLIC,  LIMIT_SESSION, REPEAT_NEVER,  0,       16 << 10 },
	{ HTTP_M_POST, "/auth/logout",           SERVICE_AUTH,    ROUTE_USER,    LIMIT_SESSION, REPEAT_NEVER },
	{ HTTP_M_GET,  "/user/me",               SERVICE_AUTH,    ROUTE_USER,    LIMIT_READ,    REPEAT_ALWAYS },
	{ HTTP_M_GET,  "/.well-known/jwks.json", SERVICE_AUTH,    ROUTE_PUBLIC,  LIMIT_READ,    REPEAT_ALWAYS },

	{ HTTP_M_POST, "/chatroom",              SERVICE_CHAT,    ROUTE_USER,    LIMIT_WRITE,   REPEAT_NEVER,  0,       64 << 10 },
	{ HTTP_M_GET,  "/chatroom",              SERVICE_CHAT,    ROUTE_USER,    LIMIT_READ,    REPEAT_ALWAYS },
	{ HTTP_M_GET,  "/chatroom/{id}",         SERVICE_CHAT,    ROUTE_USER,    LIMIT_READ,    REPEAT_ALWAYS },
	{ HTTP_M_PATCH, "/chatroom/{id}",        SERVICE_CHAT,    ROUTE_USER,    LIMIT_WRITE,   REPEAT_ALWAYS, 0,       64 << 10 },
	{ HTTP_M_POST, "/chatroom/{id}/message", SERVICE_CHAT,    ROUTE_USER,    LIMIT_MESSAGE, REPEAT_KEYED,  30000,   256 << 10, .waits = true },
	{ HTTP_M_GET,  "/chatroom/{id}/events",  SERVICE_CHAT,    ROUTE_TICKET,  LIMIT_READ,    REPEAT_ALWAYS },
	{ HTTP_M_GET,  "/chatroom/{id}/message/{reply_id}/events", SERVICE_CHAT, ROUTE_TICKET, LIMIT_READ, REPEAT_ALWAYS },
	{ HTTP_M_POST, "/chatroom/{id}/message/{reply_id}/stop", SERVICE_CHAT, ROUTE_USER, LIMIT_WRITE, REPEAT_ALWAYS },
	{ HTTP_M_POST, "/events/ticket",         SERVICE_CHAT,    ROUTE_USER,    LIMIT_WRITE,   REPEAT_NEVER,  0,       4 << 10 },
	{ HTTP_M_POST, "/chatroom/{id}/message/{message_id}/edit", SERVICE_CHAT, ROUTE_USER, LIMIT_MESSAGE, REPEAT_KEYED, 30000, 256 << 10, .waits = true },
	{ HTTP_M_POST, "/chatroom/{id}/message/{reply_id}/regenerate", SERVICE_CHAT, ROUTE_USER, LIMIT_MESSAGE, REPEAT_KEYED, 30000, .waits = true },
	{ HTTP_M_GET,  "/usage",                 SERVICE_CHAT,    ROUTE_USER,    LIMIT_READ,    REPEAT_ALWAYS },

	/* GET is what the first clients know; it opens no second checkout. */
	{ HTTP_M_GET,  "/subscribe/pro",         SERVICE_BILLING, ROUTE_USER,    LIMIT_WRITE,   REPEAT_NEVER,  30000 },
	{ HTTP_M_POST, "/subscribe/pro",         SERVICE_BILLING, ROUTE_USER,    LIMIT_WRITE,   REPEAT_NEVER,  30000 },
	{ HTTP_M_GET,  "/subscription/status",   SERVICE_BILLING, ROUTE_USER,    LIMIT_READ,    REPEAT_ALWAYS },
	{ HTTP_M_POST, "/subscription/portal",   SERVICE_BILLING, ROUTE_USER,    LIMIT_WRITE,   REPEAT_NEVER,  30000 },
	{ HTTP_M_GET,  "/subscription/done",     SERVICE_BILLING, ROUTE_PUBLIC,  LIMIT_READ,    REPEAT_ALWAYS },
	{ HTTP_M_POST, "/webhook/stripe",        SERVICE_BILLING, ROUTE_HOOK,    LIMIT_HOOK,    REPEAT_ALWAYS, 0,       1 << 20 },

	{ HTTP_M_GET,  "/",                      SERVICE_HERE,    ROUTE_PUBLIC,  LIMIT_READ,    .here = index_get },
	{ HTTP_M_GET,  "/openapi.yaml",          SERVICE_HERE,    ROUTE_PUBLIC,  LIMIT_READ,    .here = openapi_get },
	{ 0 },
};

#define AT(member) offsetof(struct gateway, member)
#define PER_MINUTE(class, by) AT(limits.per_minute[LIMIT_##class][LIMIT_BY_##by])
static const struct setting settings[] = {
	{ "PORT", SETTING_INT, AT(port), "8000", "public port, on all addresses, in production with TLS on 127.0.0.1 (LISTEN names another)", 0, 65535 },
	{ "AUTH_URL", SETTING_URL, AT(urls[SERVICE_AUTH]), "http://127.0.0.1:8081", "where auth is; several, separated by commas, or a name with several addresses" },
	{ "CHAT_URL", SETTING_URL, AT(urls[SERVICE_CHAT]), "http://127.0.0.1:8082", "where chat is" },
	{ "BILLING_URL", SETTING_URL, AT(urls[SERVICE_BILLING]), "http://127.0.0.1:8083", "where billing is" },
	{ "UPSTREAM_CONNECT_MS", SETTING_INT, AT(upstream_connect_ms), "1000", "connecting to one address of a service", 10, 60000 },
	{ "UPSTREAM_TIMEOUT_MS", SETTING_INT, AT(upstream_timeout_ms), "10000", "to the first byte of a service's answer; routes that are slow by nature have 30 s", 10, 600000 },
	{ "UPSTREAM_TOTAL_MS", SETTING_INT, AT(upstream_total_ms), "30000", "to the last byte of it, on every route; streams of events last as long as they like", 10, 3600000 },
	{ "UPSTREAM_CONNECTIONS", SETTING_INT, AT(upstream_connections), "2048", "requests that a service may have in hand, per worker; the last eighth is for webhooks; streams, and who waits for a reply, come on top", 1, 100000 },
	{ "UPSTREAM_TARGET_MS", SETTING_INT, AT(upstream_target_ms), "500", "when even the fastest answer of a route takes longer, less of it is let through", 1, 60000 },
	{ "ALLOWED_HOSTS", SETTING_STR, AT(allowed_hosts), "", "names that requests may be for; none: all" },
	{ "CORS_ORIGINS", SETTING_STR, AT(cors_origins), "", "origins whose pages may call: https://app.example.com,..." },
	{ "TRUSTED_PROXIES", SETTING_STR, AT(trusted), "", "addresses, networks, or \"unix\", whose X-Forwarded-For is believed" },
	{ "ACCESS_LOG", SETTING_BOOL, AT(access_log), "true", "a line per request" },
	{ "RATELIMIT_X_FIELDS", SETTING_BOOL, AT(limits.x_fields), "false", "answers say X-RateLimit-Limit, -Remaining and -Reset (seconds), too" },
	{ "LIMIT_AUTH_PER_ADDRESS", SETTING_INT, PER_MINUTE(AUTH, ADDRESS), "-1", "requests a minute; 0: no limit; -1: 120 in production, else none", -1, 1000000000 },
	{ "LIMIT_AUTH_PER_USER", SETTING_INT, PER_MINUTE(AUTH, USER), "-1", "the same: 60", -1, 1000000000 },
	{ "LIMIT_SESSION_PER_ADDRESS", SETTING_INT, PER_MINUTE(SESSION, ADDRESS), "-1", "the same: 600", -1, 1000000000 },
	{ "LIMIT_SESSION_PER_USER", SETTING_INT, PER_MINUTE(SESSION, USER), "-1", "the same: 60", -1, 1000000000 },
	{ "LIMIT_READ_PER_ADDRESS", SETTING_INT, PER_MINUTE(READ, ADDRESS), "-1", "the same: 6000", -1, 1000000000 },
	{ "LIMIT_READ_PER_USER", SETTING_INT, PER_MINUTE(READ, USER), "-1", "the same: 1200", -1, 1000000000 },
	{ "LIMIT_WRITE_PER_ADDRESS", SETTING_INT, PER_MINUTE(WRITE, ADDRESS), "-1", "the same: 1200", -1, 1000000000 },
	{ "LIMIT_WRITE_PER_USER", SETTING_INT, PER_MINUTE(WRITE, USER), "-1", "the same: 120", -1, 1000000000 },
	{ "LIMIT_MESSAGE_PER_ADDRESS", SETTING_INT, PER_MINUTE(MESSAGE, ADDRESS), "-1", "the same: 1200", -1, 1000000000 },
	{ "LIMIT_MESSAGE_PER_USER", SETTING_INT, PER_MINUTE(MESSAGE, USER), "-1", "the same: 120", -1, 1000000000 },
	{ "LIMIT_HOOK_PER_ADDRESS", SETTING_INT, PER_MINUTE(HOOK, ADDRESS), "-1", "the same: 6000", -1, 1000000000 },
	{ 0 },
};

/* What a limit of -1 means in production. */
static const int64_t production_limits[LIMIT_CLASSES][LIMIT_KINDS] = {
	[LIMIT_AUTH] = { 120, 60 },
	[LIMIT_SESSION] = { 600, 60 },
	[LIMIT_READ] = { 6000, 1200 },
	[LIMIT_WRITE] = { 1200, 120 },
	[LIMIT_MESSAGE] = { 1200, 120 },
	[LIMIT_HOOK] = { 6000, 0 },
};
/* clang-format on */

static const char *const url_names[] = { NULL, "AUTH_URL", "CHAT_URL", "BILLING_URL" };
static const char *const service_labels[] = { NULL, "service=\"auth\"", "service=\"chat\"",
	"service=\"billing\"" };

/* ---- settings ---- */

static bool has_ipv6(void)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		found = found || (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6);
	freeifaddrs(all);
	return found;
}

/* Where others are served by TLS, nobody should send a token in plain by mistake. */
static const char *plain_host(const struct app *app)
{
	if (app->set.production && app->edge.tls_listen)
		return "127.0.0.1";
	return has_ipv6() ? "[::]" : "0.0.0.0";
}

static void set_listen(struct app *app, const struct gateway *g)
{
	if (app->set.listen != app->spec->listen) /* LISTEN is set */
		return;
	app->set.listen =
		arena_fmt(&app->arena, "%s:%lld", plain_host(app), (long long)g->port).ptr;
}

static void set_limits(struct app *app, struct gateway *g)
{
	for (int class = 0; class < LIMIT_CLASSES; class ++) {
		for (int by = 0; by < LIMIT_KINDS; by++) {
			int64_t *limit = &g->limits.per_minute[class][by];

			if (*limit < 0)
				*limit = app->set.production ? production_limits[class][by]
							     : 0;
		}
	}
}

static void gateway_check(struct app *app, struct buf *problems)
{
	struct gateway *g = app->self;
	const char *why;

	for (int i = SERVICE_AUTH; i < SERVICE_COUNT; i++) {
		why = g->urls[i] ? http_upstream_problem(g->urls[i]) : NULL;
		if (why)
			buf_addf(problems, "%s: %s\n", url_names[i], why);
	}
	if (!networks_parse(g->trusted, &g->trusted_proxies))
		buf_addf(problems,
			"TRUSTED_PROXIES: must be addresses or networks: "
			"10.0.0.0/8,::1 (at most 32)\n");
	why = cors_origins_problem(g->cors_origins);
	if (why)
		buf_addf(problems, "CORS_ORIGINS: %s\n", why);
	set_listen(app, g);
	set_limits(app, g);
}

/* ---- start and stop ---- */

/* route_find knows its own kind of table. */
static void index_routes(struct gateway *g)
{
	g->routes = routes;
	for (int i = 0; routes[i].pattern; i++) {
		assert(i < ROUTES_MAX);
		g->index[i].method = routes[i].method;
		g->index[i].pattern = routes[i].pattern;
	}
}

/* A connection for every request that may be in hand, and for every client's stream. */
static unsigned upstream_max(const struct app *app)
{
	const struct gateway *g = app->self;

	return (unsigned)g->upstream_connections + (unsigned)app->edge.connections;
}

static double upstream_requests(void *ctx)
{
	struct http_upstream *const *u = ctx; /* NULL once it is closed */

	return *u ? http_upstream_in_flight(*u) : 0;
}

static enum err gateway_start(struct app *app)
{
	struct gateway *g = app->self;

	g->app = app;
	list_init(&g->waiting);
	index_routes(g);
	limits_open(&g->limits, app);
	random_bytes(g->caller_seed, sizeof g->caller_seed);
	for (int i = 0; routes[i].pattern; i++)
		load_init(&g->load[i], (unsigned)g->upstream_connections,
			(uint64_t)g->upstream_target_ms * 1000);
	g->overloaded = metrics_counter(app->metrics, "gateway_overload_refused_total",
		"Requests refused because their service has enough in hand.", NULL);
	g->limits.refused = metrics_counter(app->metrics, "gateway_rate_limited_total",
		"Requests refused by an edge limit.", NULL);
	for (int i = SERVICE_AUTH; i < SERVICE_COUNT; i++) {
		g->upstream_errors[i] = metrics_counter(app->metrics,
			"gateway_upstream_errors_total",
			"Requests that a service did not answer.", service_labels[i]);
		metrics_gauge_fn(app->metrics, "gateway_upstream_requests",
			"Requests that a service has in hand, streams included.",
			service_labels[i], upstream_requests, &g->upstream[i]);
		g->upstream[i] = http_upstream_open(
			&app->loop, g->urls[i], upstream_max(app));
		http_upstream_set_connect_ms(
			g->upstream[i], (unsigned)g->upstream_connect_ms);
	}
	return ERR_OK;
}

/* Some service can be reached: what cannot be done is then said request by request. */
static bool gateway_ready(struct app *app)
{
	const struct gateway *g = app->self;

	for (int i = SERVICE_AUTH; i < SERVICE_COUNT; i++) {
		if (http_upstream_is_up(g->upstream[i]))
			return true;
	}
	return false;
}

static bool gateway_is_proxy(struct app *app, struct str peer)
{
	const struct gateway *g = app->self;

	return networks_hold(&g->trusted_proxies, peer);
}

static void upstream_closed(void *ctx)
{
	struct app *app = ctx;
	struct gateway *g = app->self;

	if (--g->closing)
		return;
	buf_fini(&g->line);
	app_stopped(app);
}

static void gateway_stop(struct app *app)
{
	struct gateway *g = app->self;

	limits_close(&g->limits);
	g->closing = SERVICE_COUNT - SERVICE_AUTH;
	for (int i = SERVICE_AUTH; i < SERVICE_COUNT; i++)
		http_upstream_close(&g->upstream[i], upstream_closed, app);
}

static int gateway_command(struct app *app, int argc, char **argv)
{
	(void)app;
	if (argc != 1 || strcmp(argv[0], "routes") != 0)
		return -1;
	return routes_print(routes);
}

int main(int argc, char **argv)
{
	static const struct app_spec spec = {
		.name = "gateway",
		.self_size = sizeof(struct gateway),
		.uses = USES_REDIS | USES_PUBSUB | USES_TOKENS | USES_HTTP | USES_EDGE,
		.listen = "0.0.0.0:8000",
		.settings = settings,
		.admit = gateway_admit,
		.serve = gateway_serve,
		.check = gateway_check,
		.start = gateway_start,
		.ready = gateway_ready,
		.is_proxy = gateway_is_proxy,
		.stop = gateway_stop,
		.command = gateway_command,
	};

	return app_main(argc, argv, &spec);
}
