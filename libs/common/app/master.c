#include "app/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/master_state.h"
#include "app/run.h"
#include "base/clock.h"
#include "http/crowd.h"

#define COMING_MS    30000
#define KILL_MS      10000 /* beyond the grace that workers have */
#define LIVED_MS     10000 /* a worker that lived so long is replaced at once */
#define DELAY_MAX_MS 5000

/* ---- settings ---- */

static void print_problems(const struct app *app, const struct buf *problems)
{
	struct str rest = buf_str(problems), one;

	fprintf(stderr, "%s: the settings are wrong:\n", app->spec->name);
	while (str_cut(&rest, '\n', &one)) {
		if (one.len)
			fprintf(stderr, "  %.*s\n", STR_ARG(one));
	}
}

static void log_problems(const struct buf *problems)
{
	struct str rest = buf_str(problems), one;

	while (str_cut(&rest, '\n', &one)) {
		if (one.len)
			log_error("reload-refused", L_STR("why", one));
	}
}

/* Sockets that both ask for go over; others are closed, or opened. */
static void move_socket(int *from, const char *old, int *to, const char *new)
{
	if (old && new && !strcmp(old, new)) {
		*to = *from;
		*from = 0;
	}
}

static void move_sockets(struct app *from, struct app *to)
{
	move_socket(&from->admin_fd, from->set.admin_listen, &to->admin_fd,
		to->set.admin_listen);
	move_socket(&from->tls_fd, from->edge.tls_listen, &to->tls_fd, to->edge.tls_listen);
	move_socket(&from->listen_fd, from->set.listen, &to->listen_fd, to->set.listen);
}

/* ---- changes: a generation comes, and serves, or is given up ---- */

static void give_up(struct master *m, const char *why)
{
	log_error("workers-not-ready", L_Z("why", why));
	++*m->failures;
	m->coming = false;
	workers_signal(m, m->generation + 1, SIGTERM);
	if (m->generation == 0) { /* there is nothing to fall back to */
		m->failed = true;
		raise(SIGTERM);
		return;
	}
	/* They drain under a number that is never used again. */
	m->generation += 2;
	LIST_EACH (&m->workers, link) {
		struct worker *w = container_of(link, struct worker, link);

		if (w->generation == m->generation - 2)
			w->generation = m->generation;
		else
			w->retiring = true;
	}
	if (m->next != m->app) {
		move_sockets(m->next, m->app);
		app_close_sockets(m->next);
		app_free(&m->next);
	}
	m->next = NULL;
}

static void begin_change(struct master *m, struct app *next)
{
	bool ok = true;

	m->next = next;
	m->coming = true;
	m->coming_until_ms = clock_mono_ms() + COMING_MS;
	for (int64_t i = 0; ok && i < next->edge.workers; i++)
		ok = worker_start(m, next, m->generation + 1);
	if (!ok)
		give_up(m, strerror(errno));
}

static void reload(struct master *m)
{
	struct app *next = app_new(m->app->spec);
	struct buf problems = { 0 };

	if (!app_read_settings(next, &problems)) {
		log_problems(&problems);
		++*m->failures;
		app_free(&next);
	} else {
		move_sockets(m->app, next);
		if (app_open_sockets(next)) {
			begin_change(m, next);
		} else {
			move_sockets(next, m->app);
			app_close_sockets(next);
			++*m->failures;
			app_free(&next);
		}
	}
	buf_fini(&problems);
}

/* All of the coming generation are ready: the others may go. */
static void complete_change(struct master *m)
{
	m->coming = false;
	m->generation++;
	if (m->next != m->app) {
		app_close_sockets(m->app);
		app_free(&m->app);
		m->app = m->next;
	}
	m->next = NULL;
	++*m->changes;
	log_info("workers-ready", L_INT("workers", m->app->edge.workers),
		L_INT("generation", m->generation));
	workers_retire(m);
}

/* ---- what happens ---- */

static void log_death(const struct worker *w, int status)
{
	if (WIFSIGNALED(status))
		log_error("worker-died", L_INT("pid", w->pid),
			L_INT("signal", WTERMSIG(status)));
	else
		log_error("worker-died", L_INT("pid", w->pid),
			L_INT("code", WEXITSTATUS(status)));
}

/* The first goes without delay, those that follow soon after wait longer and longer. */
static void on_death(struct master *m, const struct worker *w, int status)
{
	uint64_t now_ms = clock_mono_ms();

	++*m->deaths;
	log_death(w, status);
	if (now_ms - w->born_ms >= LIVED_MS)
		m->delay_ms = 0;
	m->again_at_ms = now_ms + m->delay_ms;
	m->delay_ms = m->delay_ms ? m->delay_ms * 2 : 100;
	if (m->delay_ms > DELAY_MAX_MS)
		m->delay_ms = DELAY_MAX_MS;
}

static void reap(struct master *m)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct worker *w = worker_find(m, pid);
		bool came, well = WIFEXITED(status) && WEXITSTATUS(status) == 0;

		if (!w)
			continue;
		came = m->coming && w->generation == m->generation + 1;
		if (m->stopping)
			m->failed = m->failed || !well;
		else if (!w->retiring || !well)
			on_death(m, w, status);
		worker_gone(m, w);
		if (came && !m->stopping)
			give_up(m, "one ended while starting");
	}
}

static void stop(struct master *m, int signum)
{
	const struct app_settings *set = &m->app->set;

	log_info(m->stopping ? "stop-now" : "stopping", L_INT("signal", signum));
	m->kill_at_ms =
		clock_mono_ms() + KILL_MS +
		(m->stopping ? 0 : (uint64_t)(set->drain_delay_ms + set->drain_grace_ms));
	m->stopping = true;
	/* The workers have them open, too; what closes last must be who empties the queue.
	 */
	if (m->next && m->next != m->app)
		app_close_sockets(m->next);
	app_close_sockets(m->app);
	workers_signal(m, 0, SIGTERM);
}

static void on_signal(struct master *m, uint32_t signum)
{
	switch (signum) {
	case SIGCHLD:
		reap(m);
		break;
	case SIGHUP:
		m->want_reload = true;
		break;
	case SIGUSR2:
		m->want_program = true;
		break;
	case SIGUSR1: /* a worker's; some supervisors send it, for logs */
		break;
	default:
		stop(m, (int)signum);
		break;
	}
}

static void read_signals(struct master *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof info) == sizeof info)
		on_signal(m, info.ssi_signo);
}

/* ---- turning ---- */

static void update_gauges(struct master *m)
{
	*m->log_dropped = log_dropped();
	*m->serving_gauge = *m->retiring_gauge = 0;
	LIST_EACH (&m->workers, link) {
		const struct worker *w = container_of(link, struct worker, link);

		++*(w->retiring ? m->retiring_gauge : m->serving_gauge);
	}
}

/* Workers of the generation that serves are as many as they should be. */
static void replace_dead(struct master *m)
{
	if (m->generation == 0 || clock_mono_ms() < m->again_at_ms)
		return;
	while (worker_count(m, m->generation) < (unsigned)m->app->edge.workers) {
		if (!worker_start(m, m->app, m->generation)) {
			log_error("worker-not-started", L_Z("why", strerror(errno)));
			m->again_at_ms = clock_mono_ms() + DELAY_MAX_MS;
			return;
		}
	}
}

static void take_step(struct master *m)
{
	uint64_t now_ms = clock_mono_ms();

	if (m->stopping) {
		if (now_ms >= m->kill_at_ms)
			workers_signal(m, 0, SIGKILL);
		return;
	}
	if (m->coming && workers_are_ready(m, m->generation + 1))
		complete_change(m);
	else if (m->coming && now_ms >= m->coming_until_ms)
		give_up(m, "too slow");
	if (!m->coming && m->want_program) {
		m->want_program = false;
		program_execute(m);
	} else if (!m->coming && m->want_reload) {
		m->want_reload = false;
		reload(m);
	}
	/* While others come, those of whom one died are few: they hold out. */
	if (!m->coming)
		replace_dead(m);
}

static int wait_ms(const struct master *m)
{
	bool hurry = m->coming || m->stopping ||
		     worker_count(m, m->generation) < (unsigned)m->app->edge.workers;

	return hurry ? 20 : 1000;
}

static void turn(struct master *m)
{
	struct pollfd signals = { .fd = m->signals, .events = POLLIN };

	while (!m->stopping || !list_empty(&m->workers)) {
		update_gauges(m);
		poll(&signals, 1, wait_ms(m));
		read_signals(m);
		workers_listen(m);
		take_step(m);
	}
}

/* ---- start ---- */

static void block_signals(struct master *m)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	m->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void open_metrics(struct master *m)
{
	static const char workers[] = "gateway_workers",
			  help[] = "Processes that serve, or end what they have in hand.",
			  changes[] = "gateway_changes_total",
			  changes_help[] = "Reloads and new programs.";

	m->area = metrics_area_new();
	m->metrics = metrics_new_in(m->area, 0);
	m->serving_gauge = metrics_gauge(m->metrics, workers, help, "state=\"serving\"");
	m->retiring_gauge = metrics_gauge(m->metrics, workers, help, "state=\"retiring\"");
	m->log_dropped = metrics_counter(m->metrics, "log_lines_dropped_total",
		"Log lines lost because the reader was slow.", NULL);
	m->deaths = metrics_counter(m->metrics, "gateway_worker_deaths_total",
		"Workers that ended and should not have.", NULL);
	m->hangs = metrics_counter(m->metrics, "gateway_worker_hangs_total",
		"Workers that did not turn any more, and were ended.", NULL);
	m->changes = metrics_counter(
		m->metrics, changes, changes_help, "result=\"complete\"");
	m->failures = metrics_counter(
		m->metrics, changes, changes_help, "result=\"given up\"");
}

int master_run(struct app **app, char **argv)
{
	struct master m = { .app = *app, .argv = argv, .watched_ms = clock_mono_ms() };
	enum log_level level = LOG_INFO;
	struct buf problems = { 0 };

	list_init(&m.workers);
	if (!app_read_settings(m.app, &problems)) {
		print_problems(m.app, &problems);
		buf_fini(&problems);
		return 2;
	}
	log_level_parse(str_of(m.app->set.log_level), &level);
	signal(SIGPIPE, SIG_IGN); /* who reads the log may be gone */
	log_open_direct(m.app->spec->name, level);
	confine_master(m.app->set.confine);
	block_signals(&m);
	open_metrics(&m);
	m.crowd = crowd_new();
	tickets_init(&m.tickets, clock_wall_s());
	if (!handover_take(&m))
		log_error("handed-over-not-understood");
	if (app_open_sockets(m.app)) {
		begin_change(&m, m.app);
		turn(&m);
		log_info("stopped");
	} else {
		m.failed = true;
	}
	app_forget_sockets(m.app);
	close(m.signals);
	*app = m.app; /* not the one that it was after a reload */
	return m.failed;
}
