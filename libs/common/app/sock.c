#include "app/sock.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ENDS (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

/* ---- birth and death ---- */

static void init(struct sock *s, struct loop *loop, const struct sock_events *events)
{
	*s = (struct sock){ .on = events, .loop = loop, .fd = -1, .is_open = true };
	list_init(&s->link);
	loop->socks++;
}

static int watch(struct sock *s)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = s };

	return epoll_ctl(s->loop->epoll, EPOLL_CTL_ADD, s->fd, &e) == 0 ? 0 : errno;
}

void sock_open(struct sock *s, struct loop *loop, int fd, const struct sock_events *events)
{
	int rc;

	init(s, loop, events);
	s->fd = fd;
	rc = watch(s);
	assert(rc == 0);
	(void)rc;
}

int sock_connect(struct sock *s, struct loop *loop, const struct sockaddr *to,
	socklen_t len, const struct sock_events *events)
{
	int yes = 1;

	init(s, loop, events);
	s->connecting = true;
	s->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return errno;
	if (to->sa_family != AF_UNIX)
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (connect(s->fd, to, len) != 0 && errno != EINPROGRESS)
		return errno;
	return watch(s);
}

void sock_close(struct sock *s)
{
	if (!s->is_open)
		return;
	s->is_open = false;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	list_del(&s->link);
	list_push(&s->loop->gone, &s->link);
}

bool sock_bury(struct loop *loop)
{
	struct list *link = list_pop(&loop->gone);
	bool some = link != NULL;

	for (; link; link = list_pop(&loop->gone)) {
		struct sock *s = container_of(link, struct sock, link);

		loop->socks--;
		s->on->closed(s);
	}
	return some;
}

/* ---- reading and writing ---- */

/* In its turn: after what else has happened. */
static void queue_readable(struct sock *s)
{
	if (s->is_open && s->reading && s->has_bytes && list_empty(&s->link))
		list_push(&s->loop->readable, &s->link);
}

void sock_set_reading(struct sock *s, bool on)
{
	s->reading = on;
	if (on)
		queue_readable(s);
	else if (s->is_open)
		list_del(&s->link);
}

ssize_t sock_read(struct sock *s, char *into, size_t room)
{
	ssize_t n;

	do {
		n = recv(s->fd, into, room, 0);
	} while (n < 0 && errno == EINTR);
	/* Less than there is room for was all that had come (epoll(7), questions). */
	if ((size_t)n != room && !s->has_ended)
		s->has_bytes = false;
	if (n > 0)
		return n;
	s->has_bytes = false;
	if (n == 0)
		return SOCK_END;
	return errno == EAGAIN ? SOCK_NOTHING : SOCK_BROKEN;
}

bool sock_is_still_silent(const struct sock *s)
{
	char byte;

	return sock_is_silent(s) && recv(s->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

ssize_t sock_write(struct sock *s, const struct iovec *parts, unsigned count)
{
	struct msghdr all = { .msg_iov = (struct iovec *)parts, .msg_iovlen = count };
	size_t len = 0;
	ssize_t n;

	for (unsigned i = 0; i < count; i++)
		len += parts[i].iov_len;
	do {
		n = count == 1 ? send(s->fd, parts->iov_base, len, MSG_NOSIGNAL)
			       : sendmsg(s->fd, &all, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return SOCK_BROKEN;
	s->is_full = (size_t)n != len;
	return n < 0 ? 0 : n;
}

/* ---- what the loop tells ---- */

static void end_connecting(struct sock *s)
{
	socklen_t len = sizeof(int);
	int error = 0;

	s->connecting = false;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	s->on->connected(s, error);
}

static void serve_readable(struct sock *s)
{
	if (!s->is_open || !s->reading || !s->has_bytes)
		return;
	list_del(&s->link);
	s->on->readable(s);
	queue_readable(s);
}

void sock_note(struct sock *s, uint32_t events)
{
	s->has_bytes = s->has_bytes || events & (EPOLLIN | ENDS);
	s->has_ended = s->has_ended || events & ENDS;
}

void sock_happened(struct sock *s, uint32_t events)
{
	if (!s->is_open)
		return;
	if (s->connecting) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			end_connecting(s);
	} else if (s->is_full && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		s->is_full = false;
		s->on->writable(s);
	}
	serve_readable(s);
}

void sock_serve_readable(struct loop *loop)
{
	struct list now;
	struct list *link;

	list_init(&now);
	list_move_all(&now, &loop->readable); /* those that come again wait for the next */
	while ((link = list_pop(&now)))
		serve_readable(container_of(link, struct sock, link));
}
