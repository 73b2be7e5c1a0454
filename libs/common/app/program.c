/* Another program takes over this process: first it is tried, as a child that is told all
 * it will be told. What does not start, finds its settings wrong, cannot have a socket, or
 * does not understand what it is told, is refused, and nothing has changed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/master_state.h"
#include "app/run.h"
#include "base/clock.h"

#define TRIAL_MS 10000

static const char understood[] = "handed over: understood\n";

/* ---- the old program: it has the new one tried ---- */

struct trial {
	pid_t pid;
	int out; /* what it says on standard output */
	char why[256];
};

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void say_why(struct trial *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say_why(struct trial *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->why, sizeof t->why, fmt, args);
	va_end(args);
}

/* It has the sockets open: it ends with the master, whatever it is. */
static _Noreturn void be_trial(struct master *m, int out)
{
	char check[] = "check", *args[] = { m->argv[0], check, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	unblock_signals();
	handover_tell(m, getpid());
	execvp(m->argv[0], args);
	dprintf(STDOUT_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

static bool start_trial(struct master *m, struct trial *t)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		say_why(t, "%s", strerror(errno));
		return false;
	}
	t->out = ends[0];
	t->pid = fork();
	if (t->pid == 0)
		be_trial(m, ends[1]);
	close(ends[1]);
	if (t->pid > 0)
		return true;
	say_why(t, "%s", strerror(errno));
	close(ends[0]);
	return false;
}

/* Asked to end while the new program is tried. */
static bool is_told_to_end(void)
{
	sigset_t waiting;

	sigpending(&waiting);
	return sigismember(&waiting, SIGTERM) || sigismember(&waiting, SIGINT);
}

/* How it ended, as waitpid tells it. */
static int end_of(struct trial *t)
{
	uint64_t until_ms = clock_mono_ms() + TRIAL_MS;
	int status = 0;

	while (waitpid(t->pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > until_ms || is_told_to_end())
			kill(t->pid, SIGKILL);
		usleep(5000);
	}
	return status;
}

static bool went_well(struct trial *t, int status)
{
	char said[256];
	ssize_t n = read(t->out, said, sizeof said - 1);

	said[n > 0 ? n : 0] = '\0';
	if (WIFSIGNALED(status))
		say_why(t, "tried, it ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		say_why(t, "it cannot be executed: %.*s", (int)strcspn(said, "\n"), said);
	else if (WEXITSTATUS(status) != 0)
		say_why(t, "tried, it ended with code %d", WEXITSTATUS(status));
	else if (strcmp(said, understood) != 0)
		say_why(t, "it does not understand what it would be told");
	else
		return true;
	return false;
}

static bool is_good_program(struct master *m, struct trial *t)
{
	bool good;

	if (!start_trial(m, t))
		return false;
	good = went_well(t, end_of(t));
	close(t->out);
	return good;
}

void program_execute(struct master *m)
{
	struct trial t = { 0 };

	if (is_good_program(m, &t)) {
		handover_tell(m, getpid());
		log_info("program-executed", L_Z("path", m->argv[0]));
		execvp(m->argv[0], m->argv);
		say_why(&t, "it cannot be executed: %s", strerror(errno));
		handover_take_back(m);
	}
	log_error("program-refused", L_Z("path", m->argv[0]), L_Z("why", t.why));
	++*m->failures;
}

/* ---- the new program, being tried ---- */

bool master_check(struct app *app)
{
	struct master m = { .app = app };
	bool good;

	list_init(&m.workers);
	log_open_direct(app->spec->name, LOG_INFO);
	if (!handover_is_mine())
		return true; /* somebody asks for the settings alone */
	good = handover_take(&m) && app_open_sockets(app);
	app_close_sockets(app);
	LIST_EACH (&m.workers, link)
		worker_gone(&m, container_of(link, struct worker, link));
	if (good)
		fputs(understood, stdout);
	return good;
}
