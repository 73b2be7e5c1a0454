#include "http/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define AT_ONCE  64
#define REST_MS  1
#define NONE_MS  50 /* without descriptors, so that nothing spins */
#define AWAY_MAX 4096
#define CALM_MS  1000

static int take(const struct acceptor *a)
{
	return accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void open_spare(struct acceptor *a)
{
	a->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void rest(struct acceptor *a, unsigned ms)
{
	uv_poll_stop(&a->poll);
	timer_start(&a->rest, ms, 0);
}

/* ---- without descriptors ---- */

static bool is_shortage(int why)
{
	return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

/* Others that listen here may have some: what waits is theirs for a moment. The log is told
 * when it begins, not as long as it lasts. */
static void run_short(struct acceptor *a, int why)
{
	uint64_t now_ms = uv_now(a->poll.loop);

	if (!a->short_ms || now_ms - a->short_ms >= CALM_MS)
		log_warn("accept-failed", L_Z("why", strerror(why)));
	a->short_ms = now_ms;
	a->is_short = true;
	rest(a, NONE_MS);
}

/* Would a client get a descriptor now, and one that is for clients? */
static bool has_room(const struct acceptor *a)
{
	int fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 && (!a->fd_max || fd < a->fd_max);
}

/* Nobody had one: those who wait learn it at once, by the one to spare. */
static void turn_away(struct acceptor *a)
{
	int fd;

	if (a->spare >= 0)
		close(a->spare);
	for (int i = 0; i < AWAY_MAX && (fd = take(a)) >= 0; i++)
		close(fd);
	open_spare(a);
}

/* ---- taking ---- */

/* Others have been woken as well: they need a moment to come. */
static bool goes_on(struct acceptor *a, enum acceptor_next next)
{
	if (next == ACCEPT_AFTER_REST)
		rest(a, REST_MS);
	return next == ACCEPT_MORE;
}

/* False when no more should be taken in this turn. Descriptors are given out from the
 * lowest on: the number tells how many there are. */
static bool take_one(struct acceptor *a)
{
	int fd = take(a);
	bool more;

	if (fd < 0) {
		if (is_shortage(errno))
			run_short(a, errno);
		return false;
	}
	more = goes_on(a, a->on_connection(a, fd));
	if (!a->fd_max || fd + 1 < a->fd_max)
		return more;
	run_short(a, EMFILE);
	return false;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct acceptor *a = container_of(poll, struct acceptor, poll);

	(void)status;
	(void)events;
	for (int i = 0; i < AT_ONCE && take_one(a); i++)
		;
}

static void on_rested(struct timer *timer)
{
	struct acceptor *a = container_of(timer, struct acceptor, rest);

	if (a->is_short && !has_room(a)) {
		turn_away(a);
		run_short(a, EMFILE);
		return;
	}
	a->is_short = false;
	uv_poll_start(&a->poll, UV_READABLE, on_ready);
}

int acceptor_open(struct acceptor *a, struct loop *loop, int fd)
{
	int rc = uv_poll_init(&loop->uv, &a->poll, fd);

	if (rc) {
		close(fd);
		return rc;
	}
	a->fd = fd;
	a->handles = 2;
	open_spare(a);
	timer_open(loop, &a->rest, on_rested);
	return uv_poll_start(&a->poll, UV_READABLE, on_ready);
}

void acceptor_empty(struct acceptor *a)
{
	int fd;

	while ((fd = take(a)) >= 0)
		a->on_connection(a, fd);
}

static void closed_one(struct acceptor *a)
{
	if (--a->handles == 0)
		a->on_closed(a);
}

static void on_poll_closed(uv_handle_t *handle)
{
	closed_one(container_of((uv_poll_t *)handle, struct acceptor, poll));
}

static void on_rest_closed(struct timer *timer)
{
	closed_one(container_of(timer, struct acceptor, rest));
}

void acceptor_close(struct acceptor *a)
{
	uv_close((uv_handle_t *)&a->poll, on_poll_closed);
	timer_close(&a->rest, on_rest_closed);
	close(a->fd);
	if (a->spare >= 0)
		close(a->spare);
}
