/* A new program in the old one's process: what it inherits is told in one variable, a line
 * for each thing: "master <pid>" (it is for this process alone), "socket <fd> <address>",
 * "tickets <fd>", "worker <pid> <fd of its pipe> <retiring>". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/master_state.h"
#include "base/clock.h"

#define CHECK_MS 10000

static const char handed[] = "CASTOR_HANDED_OVER";

/* ---- the old program ---- */

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Waits for a child that should be quick; false if it did not end well. */
static bool ended_well(pid_t pid)
{
	uint64_t until_ms = clock_mono_ms() + CHECK_MS;
	int status = 1;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > until_ms)
			kill(pid, SIGKILL);
		usleep(5000);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* It can be executed, and finds its settings good. */
static bool is_good_program(char **argv)
{
	char check[] = "check", *args[] = { argv[0], check, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		unblock_signals();
		execvp(argv[0], args);
		_exit(127);
	}
	return pid > 0 && ended_well(pid);
}

static void keep_open(int fd, bool keep)
{
	if (fd > 0)
		fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

static void tell_socket(struct buf *b, int fd, const char *address, bool keep)
{
	keep_open(fd, keep);
	if (fd > 0)
		buf_addf(b, "socket %d %s\n", fd, address);
}

/* Not in clear where other processes may look: in a file without a name. */
static void tell_tickets(const struct master *m, struct buf *b)
{
	int fd = memfd_create("tickets", 0);

	if (fd >= 0 && write(fd, &m->tickets, sizeof m->tickets) == sizeof m->tickets)
		buf_addf(b, "tickets %d\n", fd);
}

static void tell_all(struct master *m, struct buf *b, bool keep)
{
	const struct app *app = m->app;

	buf_addf(b, "master %d\n", (int)getpid());
	tell_socket(b, app->admin_fd, app->set.admin_listen, keep);
	tell_socket(b, app->listen_fd, app->set.listen, keep);
	tell_socket(b, app->tls_fd, app->edge.tls_listen, keep);
	if (keep)
		tell_tickets(m, b);
	LIST_EACH (&m->workers, link) {
		const struct worker *w = container_of(link, struct worker, link);

		keep_open(w->pipe, keep);
		buf_addf(b, "worker %d %d %d\n", (int)w->pid, w->pipe, w->retiring);
	}
	buf_add_char(b, '\0');
}

void handover_execute(struct master *m)
{
	const char *why = "it does not start, or finds its settings wrong";
	struct buf b = { 0 };

	if (is_good_program(m->argv)) {
		tell_all(m, &b, true);
		setenv(handed, b.ptr, 1);
		log_info("program-executed", L_Z("path", m->argv[0]));
		execvp(m->argv[0], m->argv);
		why = strerror(errno);
		unsetenv(handed);
		buf_clear(&b);
		tell_all(m, &b, false);
	}
	log_error("program-refused", L_Z("path", m->argv[0]), L_Z("why", why));
	++*m->failures;
	buf_fini(&b);
}

/* ---- the new one ---- */

static void take_socket(struct app *app, int fd, const char *address)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!app->admin_fd && !strcmp(address, app->set.admin_listen))
		app->admin_fd = fd;
	else if (!app->listen_fd && !strcmp(address, app->set.listen))
		app->listen_fd = fd;
	else if (!app->tls_fd && app->edge.tls_listen &&
		 !strcmp(address, app->edge.tls_listen))
		app->tls_fd = fd;
	else
		close(fd); /* no longer asked for */
}

static void take_tickets(struct master *m, int fd)
{
	struct ticket_ring ring;

	if (pread(fd, &ring, sizeof ring, 0) == sizeof ring)
		m->tickets = ring;
	close(fd);
}

static void take_line(struct master *m, const char *line)
{
	char address[512];
	int a, b, c;

	if (sscanf(line, "socket %d %511[^\n]", &a, address) == 2) {
		take_socket(m->app, a, address);
	} else if (sscanf(line, "tickets %d", &a) == 1) {
		take_tickets(m, a);
	} else if (sscanf(line, "worker %d %d %d", &a, &b, &c) == 3) {
		fcntl(b, F_SETFD, FD_CLOEXEC);
		m->generation = 1;
		worker_adopt(m, a, b, c);
	}
}

void handover_take(struct master *m)
{
	const char *text = getenv(handed);
	struct str rest = str_of(text), line;
	char *copy;
	int pid;

	if (!text || sscanf(text, "master %d", &pid) != 1 || pid != getpid())
		return;
	while (str_cut(&rest, '\n', &line)) {
		copy = strndup(line.ptr, line.len);
		if (!copy)
			abort();
		take_line(m, copy);
		free(copy);
	}
	unsetenv(handed);
}
