#include "http/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define AT_ONCE 64
#define REST_MS 1

static int take(const struct acceptor *a)
{
	return accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void open_spare(struct acceptor *a)
{
	a->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* There are no descriptors: those who wait learn it at once. */
static void turn_away(struct acceptor *a)
{
	int fd;

	log_warn("accept-failed", L_Z("why", "EMFILE"));
	if (a->spare < 0)
		return;
	close(a->spare);
	while ((fd = take(a)) >= 0)
		close(fd);
	open_spare(a);
}

/* Others have been woken as well: they need a moment to come. */
static bool goes_on(struct acceptor *a, enum acceptor_next next)
{
	if (next == ACCEPT_AFTER_REST) {
		uv_poll_stop(&a->poll);
		timer_start(&a->rest, REST_MS, 0);
	}
	return next == ACCEPT_MORE;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct acceptor *a = container_of(poll, struct acceptor, poll);

	(void)status;
	(void)events;
	for (int i = 0; i < AT_ONCE; i++) {
		int fd = take(a);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			turn_away(a);
		if (fd < 0 || !goes_on(a, a->on_connection(a, fd)))
			return;
	}
}

static void on_rested(struct timer *timer)
{
	struct acceptor *a = container_of(timer, struct acceptor, rest);

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
