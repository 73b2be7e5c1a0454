/* Workers tell that they turn: a byte a second from their loop, which costs no request
 * anything. One that says nothing for GATEWAY_WORKER_HANG_MS serves nobody: it is ended,
 * and replaced like any that died.
 *
 * Silence is counted in the master's own turns, and none of them for more than it can last:
 * when the master was stopped, or the machine slept, that is nobody's silence. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "app/master_state.h"
#include "base/clock.h"

#define TURN_MAX_MS 1000
#define ABORT_MS    2000 /* what SIGABRT has not ended by then is killed */

static void listen_to(struct worker *w)
{
	char said[256];
	ssize_t n;

	while ((n = read(w->pipe, said, sizeof said)) > 0) {
		if (memchr(said, SAYS_READY, (size_t)n))
			w->ready = true;
		w->watched = true;
		w->silent_ms = 0;
	}
}

/* First so that it may leave a core, or wake a debugger; a stopped one does not hear it. */
static void end_hanging(struct master *m, struct worker *w)
{
	if (w->hangs) {
		kill(w->pid, SIGKILL);
		return;
	}
	w->hangs = true;
	++*m->hangs;
	log_error("worker-hangs", L_INT("pid", w->pid), L_INT("silent_ms", w->silent_ms));
	kill(w->pid, SIGABRT);
}

void workers_listen(struct master *m)
{
	uint64_t now_ms = clock_mono_ms(), ms = now_ms - m->watched_ms;
	uint64_t hang_ms = (uint64_t)m->app->edge.hang_ms;

	m->watched_ms = now_ms;
	LIST_EACH (&m->workers, link) {
		struct worker *w = container_of(link, struct worker, link);

		w->silent_ms += ms < TURN_MAX_MS ? ms : TURN_MAX_MS;
		listen_to(w);
		if (hang_ms && w->watched &&
			w->silent_ms >= hang_ms + (w->hangs ? ABORT_MS : 0))
			end_hanging(m, w);
	}
}
