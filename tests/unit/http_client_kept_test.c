/* A kept connection to a service, and what came over it that the loop has not seen yet
 * when the next call is sent. */
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

/* Between two calls `what` happens at the other end of the connection. */
static void check_second_call(void (*what)(int fd))
{
	struct asked a, b;
	struct http_upstream *u;
	struct peer *p;
	uv_os_fd_t fd;
	bool closed = false;

	loop_init(&loop);
	p = peer_open(&loop, 0, say_hello);
	u = http_upstream_open(&loop, peer_url(p), 4);
	ask(u, &a);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(uv_fileno((uv_handle_t *)&last->tcp, &fd), 0);
	what(fd);
	ask(u, &b);
	CHECK(test_until(&loop, &b.done));
	CHECK_INT(b.e, ERR_OK);
	CHECK_STR(buf_str(&b.body), STR("hello"));
	CHECK_INT(p->requests, 2);
	CHECK_INT(requests_of_last, 1);
	http_upstream_close(&u, set_true, &closed);
	CHECK(test_until(&loop, &closed));
	peer_close(&p);
	loop_fini(&loop);
	buf_fini(&a.body);
	buf_fini(&b.body);
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
