/* A kept connection to a service, and what came over it in the same turn in which the next
 * call is sent, but behind what made it be sent. */
#include <sys/socket.h>
#include <unistd.h>

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

/* Asks when a byte comes over a pipe, as a client's request would. */
struct bell {
	uv_poll_t uv;
	int fds[2];
	struct http_upstream *u;
	struct asked asked;
};

static void on_bell(uv_poll_t *uv, int status, int events_seen)
{
	struct bell *b = container_of(uv, struct bell, uv);

	CHECK(status == 0 && events_seen == UV_READABLE);
	uv_poll_stop(uv);
	ask(b->u, &b->asked);
}

static void bell_open(struct bell *b, struct http_upstream *u)
{
	b->u = u;
	CHECK_INT(pipe(b->fds), 0);
	uv_poll_init(&loop.uv, &b->uv, b->fds[0]);
	uv_poll_start(&b->uv, UV_READABLE, on_bell);
}

static void bell_close(struct bell *b)
{
	uv_close((uv_handle_t *)&b->uv, NULL);
	close(b->fds[0]);
	close(b->fds[1]);
	buf_fini(&b->asked.body);
}

/* The bell rings, and `what` happens at the other end of the connection of the last call;
 * then only may the loop look. */
static void check_second_call(void (*what)(int fd))
{
	struct bell second = { 0 };
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
	CHECK_INT(write(second.fds[1], "x", 1), 1);
	what(fd);
	CHECK(test_until(&loop, &second.asked.done));
	CHECK_INT(second.asked.e, ERR_OK);
	CHECK_STR(buf_str(&second.asked.body), STR("hello"));
	CHECK_INT(p->requests, 2);
	CHECK_INT(requests_of_last, 1);
	http_upstream_close(&u, set_true, &closed);
	CHECK(test_until(&loop, &closed));
	peer_close(&p);
	bell_close(&second);
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
