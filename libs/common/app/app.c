#include "app/app.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/admin.h"
#include "base/clock.h"
#include "data/migrate.h"
#include "data/pg.h"
#include "data/redis.h"
#include "http/serve.h"
#include "http/server.h"
#include "secure/token.h"

#define AT(member) offsetof(struct app_settings, member)

static const struct setting of_all[] = {
	{ "CASTOR_ENV", SETTING_STR, AT(env), "dev",
		"names this installation on the bus; \"production\" is strict" },
	{ "LOG_LEVEL", SETTING_CHOICE, AT(log_level), "info", "least level that is logged",
		.choices = "debug|info|warn|error" },
	{ "ADMIN_LISTEN", SETTING_ADDR, AT(admin_listen), "127.0.0.1:9090",
		"where /livez, /readyz and /metrics are served" },
	{ "DRAIN_GRACE_MS", SETTING_INT, AT(drain_grace_ms), "10000",
		"how long work in hand may take after SIGTERM", 0, 600000 },
	{ 0 },
};
static const struct setting of_http[] = {
	{ "LISTEN", SETTING_ADDR, AT(listen), "", "where requests are served" },
	{ 0 },
};
static const struct setting of_pg[] = {
	{ "DATABASE_URL", SETTING_URL, AT(database_url), NULL,
		"Postgres, as this service's own role" },
	{ "PG_CONNECTIONS", SETTING_INT, AT(pg_connections), "4", "connections kept open",
		1, 64 },
	{ 0 },
};
static const struct setting of_redis[] = {
	{ "REDIS_URL", SETTING_URL, AT(redis_url), NULL, "redis://, rediss:// or unix://" },
	{ 0 },
};
static const struct setting of_tokens[] = {
	{ "JWT_PUBLIC_KEY", SETTING_STR, AT(jwt_public_key), "",
		"PEM, one or more keys; none: HS256 derived from SECRET_KEY" },
	{ "SECRET_KEY", SETTING_SECRET, AT(secret_key), "",
		"derives every secret that is not given" },
	{ 0 },
};

/* The common tables that this process has, then its own. */
static void each_table(struct app *app,
	void (*fn)(struct app *app, const struct setting *table, void *into, struct buf *b),
	struct buf *b)
{
	unsigned uses = app->spec->uses;

	fn(app, of_all, &app->set, b);
	if (uses & USES_HTTP)
		fn(app, of_http, &app->set, b);
	if (uses & USES_PG)
		fn(app, of_pg, &app->set, b);
	if (uses & (USES_REDIS | USES_PUBSUB))
		fn(app, of_redis, &app->set, b);
	if (uses & USES_TOKENS)
		fn(app, of_tokens, &app->set, b);
	fn(app, app->spec->settings, app->self, b);
}

static void read_table(
	struct app *app, const struct setting *table, void *into, struct buf *b)
{
	settings_read(table, into, &app->arena, b);
}

static void print_table(
	struct app *app, const struct setting *table, void *into, struct buf *b)
{
	(void)app;
	(void)into;
	settings_print(table, b);
}

static void check_common(struct app *app, struct buf *problems)
{
	const struct app_settings *set = &app->set;
	const char *why = NULL;

	app->set.production = set->env && !strcmp(set->env, "production");
	if (!set->listen)
		app->set.listen = app->spec->listen ? app->spec->listen : "127.0.0.1:8080";
	if (set->database_url && (why = pg_url_problem(set->database_url)))
		buf_addf(problems, "DATABASE_URL: %s\n", why);
	if (set->redis_url && (why = redis_url_problem(set->redis_url)))
		buf_addf(problems, "REDIS_URL: %s\n", why);
	if (!(app->spec->uses & USES_TOKENS))
		return;
	if (!set->jwt_public_key && !set->secret_key)
		buf_addf(problems,
			"JWT_PUBLIC_KEY or SECRET_KEY: one of them must be set\n");
	else if (!(app->verifier = verifier_new(
			   set->jwt_public_key, set->secret_key, &why)))
		buf_addf(problems, "JWT_PUBLIC_KEY: %s\n", why);
}

/* True if the settings are good; else says everything that is wrong with them. */
static bool read_settings(struct app *app)
{
	struct buf problems = { 0 };
	struct str rest, one;

	each_table(app, read_table, &problems);
	check_common(app, &problems);
	if (app->spec->check)
		app->spec->check(app, &problems);
	if (problems.len == 0)
		return true;
	fprintf(stderr, "%s: the settings are wrong:\n", app->spec->name);
	for (rest = buf_str(&problems); str_cut(&rest, '\n', &one);) {
		if (one.len)
			fprintf(stderr, "  %.*s\n", STR_ARG(one));
	}
	buf_fini(&problems);
	return false;
}

const char *app_key(struct app *app, const char *rest)
{
	return arena_fmt(&app->arena, "castor:%s:%s", app->set.env, rest).ptr;
}

/* ---- stop: start, backwards ---- */

static void closed_one(void *ctx)
{
	struct app *app = ctx;

	app->closing--; /* the loop ends by itself when nothing is open any more */
}

void app_stopped(struct app *app)
{
	if (app->pubsub)
		pubsub_close(&app->pubsub, closed_one, (app->closing++, app));
	if (app->redis)
		redis_close(&app->redis, closed_one, (app->closing++, app));
	if (app->pg)
		pg_close(&app->pg, closed_one, (app->closing++, app));
}

static void server_closed(void *ctx)
{
	struct app *app = ctx;

	app->closing--;
	if (app->closing)
		return;
	if (app->spec->stop)
		app->spec->stop(app);
	else
		app_stopped(app);
}

static void stop(struct app *app)
{
	timer_close(&app->drain_tick, NULL);
	uv_close((uv_handle_t *)&app->sigterm, NULL);
	uv_close((uv_handle_t *)&app->sigint, NULL);
	app->closing++;
	if (app->server)
		http_server_close(&app->server, server_closed, (app->closing++, app));
	if (app->admin)
		http_server_close(&app->admin, server_closed, (app->closing++, app));
	server_closed(app);
}

static void on_drain_tick(struct timer *timer)
{
	struct app *app = container_of(timer, struct app, drain_tick);
	unsigned in_hand = app->server ? http_server_in_hand(app->server) : 0;
	bool done = in_hand == 0;

	if (app->spec->drain && !app->spec->drain(app))
		done = false;
	if (!done && clock_mono_ms() < app->drain_until_ms)
		return;
	if (!done)
		log_warn("drain-cut", L_INT("requests", in_hand));
	stop(app);
}

static void on_signal(uv_signal_t *sig, int signum)
{
	struct app *app = sig->data;

	if (app->draining) {
		log_warn("stop-now", L_INT("signal", signum));
		app->drain_until_ms = 0;
		return;
	}
	log_info("stopping", L_INT("signal", signum));
	app->draining = true;
	if (app->server)
		http_server_drain(app->server);
	app->drain_until_ms = clock_mono_ms() + (uint64_t)app->set.drain_grace_ms;
	timer_start(&app->drain_tick, 0, 50);
}

/* ---- start ---- */

static void watch_signal(struct app *app, uv_signal_t *sig, int signum)
{
	uv_signal_init(&app->loop.uv, sig);
	sig->data = app;
	uv_signal_start(sig, on_signal, signum);
}

static void open_stores(struct app *app)
{
	const struct app_spec *spec = app->spec;

	if (spec->uses & USES_PG)
		app->pg = pg_open(&(struct pg_options){ .loop = &app->loop,
			.url = app->set.database_url,
			.connections = (unsigned)app->set.pg_connections,
			.app_name = app_key(app, spec->name),
			.metrics = app->metrics });
	if (spec->uses & USES_REDIS)
		app->redis = redis_open(&app->loop, app->set.redis_url, spec->name);
	if (spec->uses & USES_PUBSUB)
		app->pubsub = pubsub_open(&app->loop, app->set.redis_url, spec->name);
}

static enum err open_listeners(struct app *app)
{
	const struct app_spec *spec = app->spec;
	struct http_server_options o = { .app = app,
		.listen = app->set.admin_listen,
		.serve = admin_serve,
		.connections_max = 100 };
	enum err e = http_server_open(&app->loop, &o, &app->admin);

	if (e != ERR_OK) {
		log_error("listen-failed", L_Z("address", o.listen));
		return e;
	}
	if (!(spec->uses & USES_HTTP))
		return ERR_OK;
	o = (struct http_server_options){ .app = app,
		.listen = app->set.listen,
		.serve = spec->serve ? spec->serve : routes_serve,
		.admit = spec->serve ? spec->admit : routes_admit };
	e = http_server_open(&app->loop, &o, &app->server);
	if (e != ERR_OK)
		log_error("listen-failed", L_Z("address", o.listen));
	return e;
}

static int serve(struct app *app)
{
	enum log_level level = LOG_INFO;
	enum err e;

	log_level_parse(str_of(app->set.log_level), &level);
	log_open(app->spec->name, level);
	signal(SIGPIPE, SIG_IGN);
	loop_init(&app->loop);
	timer_open(&app->loop, &app->drain_tick, on_drain_tick);
	watch_signal(app, &app->sigterm, SIGTERM);
	watch_signal(app, &app->sigint, SIGINT);
	app->metrics = metrics_new();
	open_stores(app);

	e = app->spec->start ? app->spec->start(app) : ERR_OK;
	if (e == ERR_OK)
		e = open_listeners(app);
	if (e == ERR_OK) {
		app->started = true;
		log_info("started", L_Z("version", CASTOR_VERSION),
			L_INT("port", app->server ? http_server_port(app->server) : 0));
	} else {
		log_error("start-failed", L_ERR(e));
		stop(app);
	}
	loop_run(&app->loop);

	log_info("stopped");
	loop_fini(&app->loop);
	metrics_free(&app->metrics);
	return e != ERR_OK;
}

static int migrate(struct app *app)
{
	const char *url = getenv("DATABASE_URL");

	if (!url || !*url) {
		fprintf(stderr, "%s migrate: DATABASE_URL must be set\n", app->spec->name);
		return 2;
	}
	return migrate_run(url, app->spec->name, app->spec->migrations,
		       getenv("ROLE_PASSWORD")) != ERR_OK;
}

static int print_settings(struct app *app)
{
	struct buf out = { 0 };

	each_table(app, print_table, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return 0;
}

static int ask_health(struct app *app)
{
	struct buf ignored = { 0 };

	settings_read(of_all, &app->set, &app->arena, &ignored);
	buf_fini(&ignored);
	return admin_ask_ready(app->set.admin_listen);
}

static int run(struct app *app, int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : NULL;
	int code;

	if (command && !strcmp(command, "version"))
		return printf("castor %s %s\n", app->spec->name, CASTOR_VERSION) < 0;
	if (command && !strcmp(command, "settings"))
		return print_settings(app);
	if (command && !strcmp(command, "health"))
		return ask_health(app);
	if (command && !strcmp(command, "migrate"))
		return migrate(app);
	if (command && app->spec->command &&
		(code = app->spec->command(app, argc - 1, argv + 1)) >= 0)
		return code;
	if (command) {
		fprintf(stderr, "%s: unknown command \"%s\"\n", app->spec->name, command);
		return 2;
	}
	return read_settings(app) ? serve(app) : 2;
}

int app_main(int argc, char **argv, const struct app_spec *spec)
{
	struct app app = { .spec = spec };
	int code;

	arena_init(&app.arena);
	app.arena.secret = true; /* settings hold secrets */
	app.self = arena_alloc(&app.arena, spec->self_size + 1);
	code = run(&app, argc, argv);
	verifier_free(&app.verifier);
	arena_fini(&app.arena);
	log_close();
	return code;
}
