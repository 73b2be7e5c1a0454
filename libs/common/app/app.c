#include "app/app.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/admin.h"
#include "app/confine.h"
#include "app/links.h"
#include "app/master.h"
#include "app/run.h"
#include "data/migrate.h"
#include "data/pg.h"
#include "data/redis.h"
#include "secure/secret.h"
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
	{ "DRAIN_DELAY_MS", SETTING_INT, AT(drain_delay_ms), "0",
		"how long it listens on after SIGTERM, not ready, until balancers know", 0,
		600000 },
	{ "CONFINE", SETTING_CHOICE, AT(confine), CONFINE_DEFAULT,
		"only system calls and files that are needed (app/confine.h)",
		.choices = "on|off|log" },
	{ "CONFINE_READ", SETTING_STR, AT(confine_read), "",
		"further files and folders to be read while it serves: a CA of the database" },
	{ "PLAIN_LINKS", SETTING_BOOL, AT(plain_links), "false",
		"in production, too, Redis and Postgres may be spoken to without TLS" },
	{ "DRAIN_IDLE_MS", SETTING_INT, AT(drain_idle_ms), "-1",
		"how long idle connections may then bring a last request; -1: 5000 in "
		"production, else 250",
		-1, 600000 },
	{ 0 },
};
static const struct setting of_http[] = {
	{ "LISTEN", SETTING_ADDR, AT(listen), "", "where requests are served" },
	{ "LISTEN_SHARED", SETTING_BOOL, AT(listen_shared), "false",
		"a successor may listen there before this one ends" },
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
	if (uses & USES_EDGE)
		fn(app, edge_settings, &app->edge, b);
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
	if (set->drain_idle_ms < 0)
		app->set.drain_idle_ms = set->production ? 5000 : 250;
	if (app->spec->uses & USES_EDGE)
		edge_check(app, problems);
	if (!set->listen)
		app->set.listen = app->spec->listen ? app->spec->listen : "127.0.0.1:8080";
	if (set->database_url && (why = pg_url_problem(set->database_url)))
		buf_addf(problems, "DATABASE_URL: %s\n", why);
	if (set->redis_url && (why = redis_url_problem(set->redis_url)))
		buf_addf(problems, "REDIS_URL: %s\n", why);
	links_check(app, problems);
	if (!(app->spec->uses & USES_TOKENS))
		return;
	if (set->production && set->secret_key &&
		(why = secret_problem(str_of(set->secret_key))))
		buf_addf(problems, "SECRET_KEY: %s\n", why);
	if (!set->jwt_public_key && !set->secret_key)
		buf_addf(problems,
			"JWT_PUBLIC_KEY or SECRET_KEY: one of them must be set\n");
	else if (!(app->verifier = verifier_new(
			   set->jwt_public_key, set->secret_key, &why)))
		buf_addf(problems, "JWT_PUBLIC_KEY: %s\n", why);
}

bool app_read_settings(struct app *app, struct buf *problems)
{
	each_table(app, read_table, problems);
	check_common(app, problems);
	if (app->spec->check)
		app->spec->check(app, problems);
	return problems->len == 0;
}

/* True if the settings are good; else says everything that is wrong with them. */
static bool check(struct app *app)
{
	struct buf problems = { 0 };
	struct str rest, one;

	if (app_read_settings(app, &problems))
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

static int print_routes(const struct route *routes)
{
	struct buf out = { 0 };

	route_print(routes, &out);
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

static int check_confinement(struct app *app)
{
	struct buf ignored = { 0 };

	settings_read(of_all, &app->set, &app->arena, &ignored);
	buf_fini(&ignored);
	return confine_check(app->set.confine, app->set.confine_read);
}

static int check_settings(struct app *app)
{
	if (!check(app))
		return 2;
	return (app->spec->uses & USES_EDGE) && !master_check(app);
}

static int serve(struct app *app)
{
	int code = 1;

	if (app_open_sockets(app)) {
		code = app_run(app);
		app_forget_sockets(app);
	}
	return code;
}

static int run(struct app *app, int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : NULL;
	int code;

	if (command && !strcmp(command, "version"))
		return printf("castor %s %s\n", app->spec->name, CASTOR_VERSION) < 0;
	if (command && !strcmp(command, "settings"))
		return print_settings(app);
	if (command && !strcmp(command, "routes") && app->spec->routes)
		return print_routes(app->spec->routes);
	if (command && !strcmp(command, "health"))
		return ask_health(app);
	if (command && !strcmp(command, "migrate"))
		return migrate(app);
	if (command && app->spec->command &&
		(code = app->spec->command(app, argc - 1, argv + 1)) >= 0)
		return code;
	if (command && !strcmp(command, "confine-check"))
		return check_confinement(app);
	if (command && !strcmp(command, "check"))
		return check_settings(app);
	if (command) {
		fprintf(stderr, "%s: unknown command \"%s\"\n", app->spec->name, command);
		return 2;
	}
	return check(app) ? serve(app) : 2;
}

/* ---- the app object ---- */

struct app *app_new(const struct app_spec *spec)
{
	struct app *app = calloc(1, sizeof *app);

	if (!app)
		abort();
	app->spec = spec;
	arena_init(&app->arena);
	app->arena.secret = true; /* settings hold secrets */
	app->self = arena_alloc(&app->arena, spec->self_size + 1);
	return app;
}

void app_free(struct app **appp)
{
	struct app *app = *appp;

	if (!app)
		return;
	*appp = NULL;
	edge_fini(&app->edge);
	verifier_free(&app->verifier);
	arena_fini(&app->arena);
	free(app);
}

/* Who starts us without one of the first three must not have a socket in its place. */
static void fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int app_main(int argc, char **argv, const struct app_spec *spec)
{
	fill_descriptors();
	struct app *app = app_new(spec);
	int code = (spec->uses & USES_EDGE) && argc == 1 ? master_run(&app, argv)
							 : run(app, argc, argv);

	app_free(&app);
	log_close();
	return code;
}
