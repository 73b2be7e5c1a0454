#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/master_state.h"
#include "app/run.h"
#include "base/clock.h"
#include "http/crowd.h"

static unsigned free_slot(const struct master *m)
{
	for (unsigned i = 1; i < METRICS_SLOTS; i++) {
		if (!m->slots[i])
			return i;
	}
	return 0;
}

static struct worker *add(struct master *m, pid_t pid, int pipe, unsigned generation)
{
	struct worker *w = calloc(1, sizeof *w);

	if (!w)
		abort();
	w->pid = pid;
	w->pipe = pipe;
	w->generation = generation;
	w->born_ms = clock_mono_ms();
	list_push(&m->workers, &w->link);
	return w;
}

static void forget(struct worker *w)
{
	list_del(&w->link);
	close(w->pipe);
	free(w);
}

/* What a worker has no use for. */
static void forget_master(struct master *m, struct app *mine)
{
	struct app *other = m->app == mine ? m->next : m->app;

	LIST_EACH (&m->workers, link)
		forget(container_of(link, struct worker, link));
	close(m->signals);
	if (other && other != mine) {
		app_close_sockets(other);
		app_free(&other);
	}
}

static _Noreturn void be_worker(
	struct master *m, struct app *app, struct seat *seat, pid_t master)
{
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		exit(1);
	random_forked();
	forget_master(m, app);
	signal(SIGHUP, SIG_IGN); /* both are said to a whole group at times */
	signal(SIGUSR2, SIG_IGN);
	app->seat = seat;
	code = app_run(app);
	app_free(&app);
	log_close();
	exit(code);
}

bool worker_start(struct master *m, struct app *app, unsigned generation)
{
	struct seat seat = { .area = m->area,
		.slot = free_slot(m),
		.count = (unsigned)app->edge.workers,
		.crowd = m->crowd,
		.tickets = &m->tickets };
	pid_t self = getpid(), pid;
	struct worker *w;
	int ends[2];

	tickets_turn(&m->tickets, clock_wall_s());
	edge_share_tickets(app, &m->tickets);
	if (!seat.slot) { /* so many retire, and have not ended */
		errno = EAGAIN;
		return false;
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	seat.report = ends[1];
	crowd_empty(m->crowd, seat.slot);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_worker(m, app, &seat, self);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return false;
	}
	w = add(m, pid, ends[0], generation);
	w->watched = true;
	w->slot = seat.slot;
	m->slots[w->slot] = true;
	return true;
}

void worker_adopt(struct master *m, const struct worker *told)
{
	struct worker *w = add(m, told->pid, told->pipe, m->generation);

	w->ready = true;
	w->retiring = told->retiring;
	w->watched = told->watched;
}

void worker_gone(struct master *m, struct worker *w)
{
	if (w->slot) {
		metrics_inherit(m->metrics, w->slot);
		crowd_empty(m->crowd, w->slot);
		m->slots[w->slot] = false;
	}
	forget(w);
}

struct worker *worker_find(struct master *m, pid_t pid)
{
	LIST_EACH (&m->workers, link) {
		struct worker *w = container_of(link, struct worker, link);

		if (w->pid == pid)
			return w;
	}
	return NULL;
}

unsigned worker_count(const struct master *m, unsigned generation)
{
	unsigned n = 0;

	LIST_EACH (&m->workers, link) {
		const struct worker *w = container_of(link, struct worker, link);

		n += w->generation == generation && !w->retiring;
	}
	return n;
}

bool workers_are_ready(const struct master *m, unsigned generation)
{
	LIST_EACH (&m->workers, link) {
		const struct worker *w = container_of(link, struct worker, link);

		if (w->generation == generation && !w->ready)
			return false;
	}
	return true;
}

void workers_signal(struct master *m, unsigned generation, int signum)
{
	LIST_EACH (&m->workers, link) {
		const struct worker *w = container_of(link, struct worker, link);

		if (generation == 0 || w->generation == generation)
			kill(w->pid, signum);
	}
}

void workers_retire(struct master *m)
{
	LIST_EACH (&m->workers, link) {
		struct worker *w = container_of(link, struct worker, link);

		if (w->generation == m->generation || w->retiring)
			continue;
		w->retiring = true;
		kill(w->pid, SIGUSR1);
	}
}
