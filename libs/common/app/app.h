/*
 * app - the skeleton every process shares: settings, loop, listeners, signals, health,
 * drain.
 *
 * main.c is a table of contents: it names settings, routes, what the process uses, and
 * how it starts and stops; app_main does the rest.
 *
 *   <process>            serve until SIGTERM or SIGINT, then drain (a second one: at once)
 *   <process> migrate    bring the service's schema up to date (DATABASE_URL: an owner's)
 *   <process> settings   print every setting
 *   <process> routes     print what it serves: methods, paths, who may call, limits
 *   <process> confine-check   confine itself, try what must fail, and say what did
 *   <process> check      say whether the settings are good; exit code 0 if so
 *   <process> health     ask /readyz of ADMIN_LISTEN; exit code 0 when ready
 *   <process> version
 *
 * A second listener (ADMIN_LISTEN) serves /livez (the process turns), /readyz (it could
 * work: 503 while starting, draining, or without what it uses) and /metrics.
 *
 * What faces the outside (USES_EDGE) is a master that only watches, and workers, each with
 * a loop of its own, which do all of the above: see app/master.h.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/edge.h"
#include "app/loop.h"
#include "app/metrics.h"
#include "app/sessions.h"
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
	USES_TOKENS = 8, /* app->verifier, from JWT_PUBLIC_KEY or SECRET_KEY; with
			    USES_PUBSUB it hears of sessions that ended */
	USES_HTTP = 16,  /* a listener for app_spec.routes or .serve, from LISTEN */
	USES_EDGE = 32,  /* workers, TLS, limits of connections: app/edge.h */
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
	int64_t drain_delay_ms;     /* before that: not ready, but still listening */
	int64_t drain_idle_ms;      /* how long idle connections are kept open for a last
				       request */
	const char *confine;        /* on, off, log: app/confine.h */
	const char *confine_read;   /* further files and folders */
	bool listen_shared;         /* a successor may listen beside this one */
	bool plain_links;           /* Redis and Postgres: app/links.h */
	bool production;            /* env is "production" */
};

/* What a worker has from its master (app/master.h). */
struct seat {
	struct metrics_area *area;
	unsigned slot;       /* of the area */
	int report;          /* pipe: app/master.h says which bytes */
	unsigned count;      /* workers beside it, itself included */
	struct crowd *crowd; /* in which they all count their connections */
	struct ticket_ring *tickets;
};

struct app {
	const struct app_spec *spec;
	struct loop loop;
	struct app_settings set;
	struct edge edge;                /* with USES_EDGE */
	const struct seat *seat;         /* NULL: a process of its own */
	int listen_fd, tls_fd, admin_fd; /* listening; 0: not, or given to a server */
	void *self;         /* the process's own object: struct auth, struct chat, ... */
	struct arena arena; /* lives as long as the process */
	struct metrics *metrics;
	struct pg *pg;
	struct redis *redis;
	struct pubsub *pubsub;
	struct verifier *verifier;
	struct sessions sessions; /* that auth has ended */
	struct http_server *server, *tls_server, *admin;
	bool started;
	bool draining; /* it ends, and is not ready any more */
	bool retiring; /* it ends because another worker has taken its place */
	/* private to run.c */
	struct timer drain_tick, pulse;
	uv_signal_t sigterm, sigint, sigusr1;
	bool failed;
	bool listening, reported;
	uint64_t listen_until_ms, drain_until_ms, report_by_ms;
	uint64_t *log_dropped;
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
	/* With USES_EDGE: many clients may share this address (a balancer's). May be NULL.
	 */
	bool (*is_proxy)(struct app *app, struct str peer);
	enum err (*start)(
		struct app *app);       /* opens what is the process's own; may be NULL */
	bool (*ready)(struct app *app); /* further condition of /readyz; may be NULL */
	/* auth has ended the session; its tokens are refused already. May be NULL. */
	void (*session_ended)(struct app *app, const struct uuid *session_id);
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
