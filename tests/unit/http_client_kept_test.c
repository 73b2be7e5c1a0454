/* A kept connection to a service, and what came over it in the same turn in which the next
 * call is sent, but behind what made it be sent. */
#include <sys/socket.h>
#include <unistd.h>

#include "app/sock.h"
#include "http/client.h"
#include "tests/lib/peer.h"
#include "tests/lib/test.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define POST  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"

static struct loop loop;

struct asked {
	struct http_call call;
	struct buf body;
	bool done;
	enum err e;
};

static void on_head(struct http_call *c, const struct http_response *r)
{
	(void)c;
	(void)r;
}

static void on_body(struct http_call *c, struct str bytes)
{
	buf_add_str(&container_of(c, struct asked, call)->body, bytes);
}

static void on_done(struct http_call *c, enum err e)
{
	struct asked *a = container_of(c, struct asked, call);

	a->done = true;
	a->e = e;
}

static const struct http_call_events events = { on_head, on_body, on_done };

/* A call that is never sent twice. */
static void ask(struct http_upstream *u, struct asked *a)
{
	*a = (struct asked){ .call = { .events = &events, .head = STR(POST) } };
	http_call_send(u, &a->call);
}

static struct peer_conn *last;
static unsigned requests_of_last; /* on that connection, which may be gone */

static void say_hello(struct peer_conn *c)
{
	last = c;
	requests_of_last = c->requests;
	peer_say(c, STR(HELLO));
}

static void set_true(void *ctx)
{
	*(bool *)ctx = true;
}

/* Asks when a byte comes over it, as a client's request would. */
struct bell {
	struct sock sock;
	int far; /* its other end */
	struct http_upstream *u;
	struct asked asked;
	bool closed;
};

static void on_bell(struct sock *s)
{
	struct bell *b = container_of(s, struct bell, sock);
	char byte;

	CHECK_INT(sock_read(s, &byte, 1), 1);
	sock_set_reading(s, false);
	ask(b->u, &b->asked);
}

static void on_bell_closed(struct sock *s)
{
	container_of(s, struct bell, sock)->closed = true;
}

static void bell_open(struct bell *b, struct http_upstream *u)
{
	static const struct sock_events all = { .readable = on_bell,
		.closed = on_bell_closed };
	int fds[2];

	*b = (struct bell){ .u = u };
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	b->far = fds[1];
	sock_open(&b->sock, &loop, fds[0], &all);
	sock_set_reading(&b->sock, true);
}

static void bell_close(struct bell *b)
{
	sock_close(&b->sock);
	CHECK(test_until(&loop, &b->closed));
	close(b->far);
	buf_fini(&b->asked.body);
}

/* The bell rings, and `what` happens at the other end of the connection of the last call;
 * then only may the loop look. */
static void check_second_call(void (*what)(int fd))
{
	struct bell second;
	struct asked first;
	struct http_upstream *u;
	struct peer *p;
	uv_os_fd_t fd;
	bool closed = false;

	loop_init(&loop);
	p = peer_open(&loop, 0, say_hello);
	u = http_upstream_open(&loop, peer_url(p), 4);
	ask(u, &first);
	CHECK(test_until(&loop, &first.done));
	bell_open(&second, u);
	test_turn(&loop, 1); /* it is listened to */
	CHECK_INT(uv_fileno((uv_handle_t *)&last->tcp, &fd), 0);
	CHECK_INT(write(second.far, "x", 1), 1);
	what(fd);
	CHECK(test_until(&loop, &second.asked.done));
	CHECK_INT(second.asked.e, ERR_OK);
	CHECK_STR(buf_str(&second.asked.body), STR("hello"));
	CHECK_INT(p->requests, 2);
	CHECK_INT(requests_of_last, 1);
	http_upstream_close(&u, set_true, &closed);
	CHECK(test_until(&loop, &closed));
	bell_close(&second);
	peer_close(&p);
	loop_fini(&loop);
	buf_fini(&first.body);
}

static void say_unasked(int fd)
{
	static const char evil[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

	CHECK_INT(write(fd, evil, sizeof evil - 1), sizeof evil - 1);
}

TEST(bytes_that_came_before_a_request_are_not_its_answer)
{
	check_second_call(say_unasked);
}

static void say_no_more(int fd)
{
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
}

TEST(a_connection_that_has_ended_takes_no_request_with_it)
{
	check_second_call(say_no_more);
}
