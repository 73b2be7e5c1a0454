/* A new program in the old one's process: what it inherits is told in one variable, a line
 * for each thing: "master <pid>" (it is for this process alone), "format <number>",
 * "socket <fd> <address>", "tickets <fd>", "worker <pid> <fd of its pipe> <retiring>
 * <watched>". Further words at a line's end are new and may be passed over; what may not be
 * gives the format a new number. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/master_state.h"

#define FORMAT 1

static const char handed[] = "CASTOR_HANDED_OVER";

/* ---- the old program ---- */

static void keep_open(int fd, bool keep)
{
	if (fd > 0)
		fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

static void keep_all_open(struct master *m, bool keep)
{
	keep_open(m->app->admin_fd, keep);
	keep_open(m->app->listen_fd, keep);
	keep_open(m->app->tls_fd, keep);
	LIST_EACH (&m->workers, link)
		keep_open(container_of(link, struct worker, link)->pipe, keep);
}

static void tell_socket(struct buf *b, int fd, const char *address)
{
	if (fd > 0)
		buf_addf(b, "socket %d %s\n", fd, address);
}

/* Not in clear where other processes may look: in a file without a name. */
static void tell_tickets(struct master *m, struct buf *b)
{
	int fd = memfd_create("tickets", 0);

	if (fd < 0)
		return;
	m->tickets_fd = fd;
	if (write(fd, &m->tickets, sizeof m->tickets) == sizeof m->tickets)
		buf_addf(b, "tickets %d\n", fd);
}

void handover_tell(struct master *m, pid_t heir)
{
	const struct app *app = m->app;
	struct buf b = { 0 };

	buf_addf(&b, "master %d\nformat %d\n", (int)heir, FORMAT);
	tell_socket(&b, app->admin_fd, app->set.admin_listen);
	tell_socket(&b, app->listen_fd, app->set.listen);
	tell_socket(&b, app->tls_fd, app->edge.tls_listen);
	tell_tickets(m, &b);
	LIST_EACH (&m->workers, link) {
		const struct worker *w = container_of(link, struct worker, link);

		buf_addf(&b, "worker %d %d %d %d\n", (int)w->pid, w->pipe, w->retiring,
			w->watched);
	}
	buf_add_char(&b, '\0');
	setenv(handed, b.ptr, 1);
	keep_all_open(m, true);
	buf_fini(&b);
}

void handover_take_back(struct master *m)
{
	unsetenv(handed);
	keep_all_open(m, false);
	if (m->tickets_fd)
		close(m->tickets_fd);
	m->tickets_fd = 0;
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

/* One that the first programs wrote does not say whether it tells that it turns. */
static bool take_worker(struct master *m, const char *line)
{
	struct worker w = { 0 };
	int pid, retiring, watched = 0;

	if (sscanf(line, "worker %d %d %d %d", &pid, &w.pipe, &retiring, &watched) < 3)
		return false;
	fcntl(w.pipe, F_SETFD, FD_CLOEXEC);
	w.pid = pid;
	w.retiring = retiring;
	w.watched = watched;
	m->generation = 1;
	worker_adopt(m, &w);
	return true;
}

static bool take_line(struct master *m, const char *line)
{
	char address[512];
	int n;

	if (sscanf(line, "socket %d %511[^\n]", &n, address) == 2)
		take_socket(m->app, n, address);
	else if (sscanf(line, "tickets %d", &n) == 1)
		take_tickets(m, n);
	else if (sscanf(line, "format %d", &n) == 1)
		return n <= FORMAT;
	else if (sscanf(line, "master %d", &n) != 1)
		return take_worker(m, line);
	return true;
}

bool handover_is_mine(void)
{
	const char *text = getenv(handed);
	int pid;

	return text && sscanf(text, "master %d", &pid) == 1 && pid == getpid();
}

bool handover_take(struct master *m)
{
	struct str rest = str_of(handover_is_mine() ? getenv(handed) : NULL), line;
	bool understood = true;
	char *copy;

	while (str_cut(&rest, '\n', &line) && line.len) {
		copy = strndup(line.ptr, line.len);
		if (!copy)
			abort();
		understood = take_line(m, copy) && understood;
		free(copy);
	}
	unsetenv(handed);
	return understood;
}
