#include "app/run.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/admin.h"
#include "app/confine.h"
#include "app/master.h"
#include "app/servers.h"
#include "base/clock.h"
#include "data/pg.h"
#include "data/redis.h"
#include "http/crowd.h"
#include "http/listen.h"
#include "http/server.h"

#define TICK_MS        50
#define PULSE_MS       1000
#define REPORT_BY_MS   5000 /* a worker that lacks something then says that it is there */
#define YIELD_LEAST_MS 200  /* handshakes begun with this listener end with it */

/* ---- listening sockets ---- */

static bool open_socket(const char *address, bool shared, int *fd)
{
	int rc;

	if (*fd > 0)
		return true; /* inherited */
	rc = listen_open(address, shared);
	if (rc < 0) {
		log_error("listen-failed", L_Z("address", address),
			L_Z("why", uv_strerror(rc)));
		return false;
	}
	*fd = rc;
	return true;
}

/* As many descriptors as the process may have: some tools still set the least of them. */
static void raise_descriptors(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &most) != 0)
		return;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

bool app_open_sockets(struct app *app)
{
	const struct app_settings *set = &app->set;
	bool ok;

	raise_descriptors();
	ok = open_socket(set->admin_listen, set->listen_shared, &app->admin_fd);

	if (ok && (app->spec->uses & USES_HTTP))
		ok = open_socket(set->listen, set->listen_shared, &app->listen_fd);
	if (ok && app->edge.tls_listen)
		ok = open_socket(app->edge.tls_listen, set->listen_shared, &app->tls_fd);
	return ok;
}

static void close_socket(int *fd)
{
	if (*fd > 0)
		close(*fd);
	*fd = 0;
}

void app_close_sockets(struct app *app)
{
	close_socket(&app->listen_fd);
	close_socket(&app->tls_fd);
	close_socket(&app->admin_fd);
}

void app_forget_sockets(const struct app *app)
{
	if (app->spec->uses & USES_HTTP)
		listen_forget(app->set.listen);
	listen_forget(app->set.admin_listen);
}

/* ---- stop: start, backwards ---- */

static void closed_one(void *ctx)
{
	struct app *app = ctx;

	app->closing--; /* the loop ends by itself when nothing is open any more */
}

void app_stopped(struct app *app)
{
	sessions_close(app);
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

/* One that comes now, to a process that ends by itself, must not end it otherwise. */
static void unwatch_signal(uv_signal_t *sig)
{
	int signum = sig->signum;

	uv_close((uv_handle_t *)sig, NULL);
	if (signum)
		signal(signum, SIG_IGN);
}

static void stop(struct app *app)
{
	timer_close(&app->drain_tick, NULL);
	timer_close(&app->pulse, NULL);
	unwatch_signal(&app->sigterm);
	unwatch_signal(&app->sigint);
	unwatch_signal(&app->sigusr1);
	app->closing++;
	if (app->server)
		http_server_close(&app->server, server_closed, (app->closing++, app));
	if (app->tls_server)
		http_server_close(&app->tls_server, server_closed, (app->closing++, app));
	if (app->admin)
		http_server_close(&app->admin, server_closed, (app->closing++, app));
	server_closed(app);
}

/* ---- drain ---- */

static void stop_listening(struct app *app)
{
	unsigned idle_ms = app->retiring ? 0 : (unsigned)app->set.drain_idle_ms + 1;

	app->listening = false;
	if (app->seat)
		crowd_accepts(app->seat->crowd, app->seat->slot, false);
	if (app->server)
		http_server_drain(app->server, !app->retiring, idle_ms);
	if (app->tls_server)
		http_server_drain(app->tls_server, !app->retiring, idle_ms);
	if (app->retiring) /* else it answers to the end that it is not ready */
		http_server_drain(app->admin, false, 0);
}

/* Connections that are still there; of them, those with a request. */
static unsigned count(const struct http_server *s, unsigned *in_hand)
{
	*in_hand += s ? http_server_in_hand(s) : 0;
	return s ? http_server_connections(s) : 0;
}

static void begin_drain(struct app *app, uint64_t delay_ms, uint64_t grace_ms)
{
	app->draining = true;
	app->listen_until_ms = clock_mono_ms() + delay_ms;
	app->drain_until_ms = app->listen_until_ms + grace_ms;
	http_server_keep_no_more(app->admin);
	timer_start(&app->drain_tick, 0, TICK_MS);
}

static void on_drain_tick(struct timer *timer)
{
	struct app *app = container_of(timer, struct app, drain_tick);
	uint64_t now_ms = clock_mono_ms();
	unsigned in_hand = 0;
	bool done;

	if (now_ms < app->listen_until_ms)
		return;
	if (app->listening)
		stop_listening(app);
	done = count(app->server, &in_hand) + count(app->tls_server, &in_hand) == 0;
	/* Who keeps a connection to ask for metrics learns by an answer that it ends. */
	if (app->retiring && count(app->admin, &in_hand) != 0)
		done = false;
	if (app->spec->drain && !app->spec->drain(app))
		done = false;
	if (!done && now_ms < app->drain_until_ms)
		return;
	if (!done && app->retiring) { /* patience is over: as if it were told to end */
		app->retiring = false;
		begin_drain(app, 0, (uint64_t)app->set.drain_grace_ms);
		stop_listening(app);
		return;
	}
	if (!done && in_hand)
		log_warn("drain-cut", L_INT("requests", in_hand));
	stop(app);
}

/* The master gives way for its workers. */
static uint64_t give_way(struct app *app)
{
	uint64_t delay_ms = (uint64_t)app->set.drain_delay_ms;

	if (!app->set.listen_shared || !app->server)
		return delay_ms;
	http_server_yield(app->server);
	if (app->tls_server)
		http_server_yield(app->tls_server);
	return delay_ms < YIELD_LEAST_MS ? YIELD_LEAST_MS : delay_ms;
}

static void on_signal(uv_signal_t *sig, int signum)
{
	struct app *app = sig->data;

	if (app->draining && !app->retiring) {
		log_warn("stop-now", L_INT("signal", signum));
		app->listen_until_ms = app->drain_until_ms = 0;
		return;
	}
	log_info("stopping", L_INT("signal", signum));
	app->retiring = false;
	begin_drain(
		app, app->listening ? give_way(app) : 0, (uint64_t)app->set.drain_grace_ms);
	if (!app->listening)
		stop_listening(app);
}

static void on_retire(uv_signal_t *sig, int signum)
{
	struct app *app = sig->data;

	(void)signum;
	if (app->draining || !app->seat)
		return;
	log_info("retiring");
	app->retiring = true;
	begin_drain(app, 0, (uint64_t)app->edge.retire_ms);
}

/* ---- the pulse: what the master and the other workers should know ---- */

static bool is_ready(const struct app *app)
{
	return !app_lacks(app) || clock_mono_ms() >= app->report_by_ms;
}

/* A master that does not read loses nothing but this. */
static bool tell(const struct app *app, char what)
{
	return write(app->seat->report, &what, 1) == 1;
}

static void begin_serving(struct app *app);

static void on_pulse(struct timer *timer)
{
	struct app *app = container_of(timer, struct app, pulse);

	if (!app->started) {
		if (app->seat)
			tell(app, SAYS_TURNS);
		begin_serving(app);
		return;
	}
	*app->log_dropped = log_dropped();
	if (app->reported || !is_ready(app)) {
		tell(app, SAYS_TURNS);
	} else {
		app->reported = tell(app, SAYS_READY);
		timer_start(&app->pulse, PULSE_MS, PULSE_MS);
	}
	metrics_publish(app->metrics);
}

static void start_pulse(struct app *app)
{
	if (!app->seat)
		return;
	crowd_accepts(app->seat->crowd, app->seat->slot, true);
	app->report_by_ms = clock_mono_ms() + REPORT_BY_MS;
	timer_start(&app->pulse, 0, TICK_MS / 2);
}

/* ---- start ---- */

static void watch_signal(struct app *app, uv_signal_t *sig, int signum, uv_signal_cb cb)
{
	uv_signal_init(&app->loop.uv, sig);
	sig->data = app;
	uv_signal_start(sig, cb, signum);
}

static void open_loop(struct app *app)
{
	sigset_t none;

	signal(SIGPIPE, SIG_IGN);
	loop_init(&app->loop);
	timer_open(&app->loop, &app->drain_tick, on_drain_tick);
	timer_open(&app->loop, &app->pulse, on_pulse);
	watch_signal(app, &app->sigterm, SIGTERM, on_signal);
	watch_signal(app, &app->sigint, SIGINT, on_signal);
	watch_signal(app, &app->sigusr1, SIGUSR1, on_retire);
	if (app->seat) { /* the terminal's Ctrl-C is the master's to answer */
		uv_signal_stop(&app->sigint);
		signal(SIGINT, SIG_IGN);
	}
	/* What came since the master forked is heard now; its mask was inherited. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void open_metrics(struct app *app)
{
	app->metrics = app->seat ? metrics_new_in(app->seat->area, app->seat->slot)
				 : metrics_new();
	app->log_dropped = metrics_counter(app->metrics, "log_lines_dropped_total",
		"Log lines lost because the reader was slow.", NULL);
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
	if ((spec->uses & USES_PUBSUB) && (spec->uses & USES_TOKENS))
		sessions_open(app);
}

static enum err start(struct app *app)
{
	enum err e;

	open_metrics(app);
	open_stores(app);
	e = app->spec->start ? app->spec->start(app) : ERR_OK;
	return e == ERR_OK ? admin_open(app) : e;
}

static void give_up(struct app *app, enum err e)
{
	log_error("start-failed", L_ERR(e));
	app->failed = true;
	stop(app);
}

/* The edge lets nobody in before it knows whose sessions have ended. */
static void begin_serving(struct app *app)
{
	enum err e;

	if ((app->spec->uses & USES_EDGE) && !sessions_are_known(app)) {
		timer_start(&app->pulse, TICK_MS / 2, 0);
		return;
	}
	e = servers_open(app);
	if (e != ERR_OK) {
		give_up(app, e);
		return;
	}
	app->started = app->listening = true;
	start_pulse(app);
	log_info("started", L_Z("version", CASTOR_VERSION),
		L_INT("port", app->server ? http_server_port(app->server) : 0));
}

int app_run(struct app *app)
{
	enum log_level level = LOG_INFO;
	enum err e;

	log_level_parse(str_of(app->set.log_level), &level);
	if (!confine(app->set.confine, app->set.confine_read))
		return 1;
	log_open(app->spec->name, level);
	open_loop(app);
	e = start(app);
	if (e == ERR_OK)
		begin_serving(app);
	else
		give_up(app, e);
	loop_run(&app->loop);

	log_info("stopped");
	loop_fini(&app->loop);
	metrics_free(&app->metrics);
	return app->failed;
}
