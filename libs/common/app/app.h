/*
 * app - the skeleton every process shares: settings, loop, listeners, signals, health,
 * drain.
 *
 * main.c is a table of contents: it names settings, routes, what the process uses, and
 * how it starts and stops; app_main does the rest.
 *
 *   <process>            serve until SIGTERM or SIGINT, then drain (a second one ends at
 * once) <process> migrate    bring the service's schema up to date (DATABASE_URL: an
 * owner's) <process> settings   print every setting <process> health     ask /readyz of
 * ADMIN_LISTEN; exit code 0 when ready (for containers) <process> version
 *
 * A second listener (ADMIN_LISTEN) serves /livez (the process turns), /readyz (it could
 * work: 503 while starting, draining, or without what it uses) and /metrics.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/loop.h"
#include "app/metrics.h"
#include "app/settings.h"
#include "app/task.h"
#include "http/route.h"

struct pg;
struct redis;
struct pubsub;
struct verifier;
struct http_server;

enum app_uses {
	USES_PG = 1,     /* app->pg, from DATABASE_URL */
	USES_REDIS = 2,  /* app->redis, from REDIS_URL */
	USES_PUBSUB = 4, /* app->pubsub, from REDIS_URL */
	USES_TOKENS = 8, /* app->verifier, from JWT_PUBLIC_KEY or SECRET_KEY */
	USES_HTTP = 16,  /* a listener for app_spec.routes or .serve, from LISTEN */
};

/* Settings that every process has, by what it uses. */
struct app_settings {
	const char *listen, *admin_listen;
	const char
		*env; /* CASTOR_ENV: prefix of channels and keys; "production" is strict */
	const char *log_level;
	const char *database_url, *redis_url;
	int64_t pg_connections;
	const char *secret_key;     /* SECRET_KEY */
	const char *jwt_public_key; /* PEM, one or more keys; NULL: HS256 derived from
				       SECRET_KEY */
	int64_t drain_grace_ms;     /* how long work in hand may take after SIGTERM */
	bool production;            /* env is "production" */
};

struct app {
	const struct app_spec *spec;
	struct loop loop;
	struct app_settings set;
	void *self;         /* the process's own object: struct auth, struct chat, ... */
	struct arena arena; /* lives as long as the process */
	struct metrics *metrics;
	struct pg *pg;
	struct redis *redis;
	struct pubsub *pubsub;
	struct verifier *verifier;
	struct http_server *server, *admin;
	bool started, draining;
	/* private to app.c */
	struct timer drain_tick;
	uv_signal_t sigterm, sigint;
	uint64_t drain_until_ms;
	unsigned closing; /* things still being closed */
	uint64_t tasks;   /* background tasks alive; kept by task.c */
};

struct app_spec {
	const char *name;               /* "auth" */
	size_t self_size;               /* of the process's own object, zeroed */
	unsigned uses;                  /* enum app_uses, or-ed */
	const struct setting *settings; /* filled into the process's own object */
	const struct route *routes;     /* NULL with .serve */
	/* Further checks of settings: one line per problem. May be NULL. */
	void (*check)(struct app *app, struct buf *problems);
	const char *listen; /* default of LISTEN; NULL: 127.0.0.1:8080 */
	/* In place of a routes table: sees every request (the gateway); see http/server.h.
	 */
	outcome_t (*serve)(struct task *t);
	bool (*admit)(struct task *t, size_t *body_max);
	enum err (*start)(
		struct app *app);       /* opens what is the process's own; may be NULL */
	bool (*ready)(struct app *app); /* further condition of /readyz; may be NULL */
	/* SIGTERM came: stop taking work. True when nothing is in hand; asked again every
	 * 50 ms. */
	bool (*drain)(struct app *app);
	/* start, backwards: close everything; call app_stopped when done. NULL: nothing to
	 * close. */
	void (*stop)(struct app *app);
	const struct migration
		*migrations; /* embedded SQL, ends with a NULL name; may be NULL */
	/* Further first arguments ("dead list"): returns an exit code, or -1 for: not mine.
	 */
	int (*command)(struct app *app, int argc, char **argv);
};

struct migration {
	const char *name; /* "0001_users" */
	const char *sql;
};

int app_main(int argc, char **argv, const struct app_spec *spec);
void app_stopped(struct app *app);
/* "castor:<env>:" + rest, in the app's arena: for keys and channels made at start. */
const char *app_key(struct app *app, const char *rest);

#endif
