#include "tests/lib/peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/http.h"

#define PATIENCE_MS 10000

/* ---- the loop ---- */

struct watch {
	struct timer timer;
	bool fired, closed;
};

static void on_watch(struct timer *t)
{
	container_of(t, struct watch, timer)->fired = true;
}

static void on_watch_closed(struct timer *t)
{
	container_of(t, struct watch, timer)->closed = true;
}

static bool turn(struct loop *loop, uint64_t ms, bool (*fn)(void *ctx), void *ctx)
{
	struct watch w = { 0 };

	timer_open(loop, &w.timer, on_watch);
	timer_start(&w.timer, ms, 0);
	while (!w.fired && !(fn && fn(ctx)))
		loop_turn(loop, true);
	timer_close(&w.timer, on_watch_closed);
	while (!w.closed)
		loop_turn(loop, true);
	return fn && fn(ctx);
}

static bool is_set(void *ctx)
{
	return *(const bool *)ctx;
}

bool test_until(struct loop *loop, const bool *flag)
{
	return turn(loop, PATIENCE_MS, is_set, (void *)flag);
}

bool test_until_fn(struct loop *loop, bool (*fn)(void *ctx), void *ctx)
{
	return turn(loop, PATIENCE_MS, fn, ctx);
}

void test_turn(struct loop *loop, uint64_t ms)
{
	turn(loop, ms, NULL, NULL);
}

/* ---- connections ---- */

static void gone(struct peer_conn *c)
{
	if (--c->handles)
		return;
	c->peer->open--;
	list_del(&c->link);
	buf_fini(&c->in);
	buf_fini(&c->slow);
	free(c);
}

static void on_conn_closed(uv_handle_t *h)
{
	gone(container_of(h, struct peer_conn, tcp));
}

static void on_pace_closed(struct timer *t)
{
	gone(container_of(t, struct peer_conn, pace));
}

static void close_conn(struct peer_conn *c, bool reset)
{
	if (uv_is_closing((uv_handle_t *)&c->tcp))
		return;
	timer_close(&c->pace, on_pace_closed);
	if (!reset || uv_tcp_close_reset(&c->tcp, on_conn_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

void peer_hang_up(struct peer_conn *c)
{
	close_conn(c, false);
}

void peer_reset(struct peer_conn *c)
{
	close_conn(c, true);
}

void peer_stop_reading(struct peer_conn *c)
{
	uv_read_stop((uv_stream_t *)&c->tcp);
}

struct saying {
	uv_write_t req;
	char bytes[];
};

static void on_said(uv_write_t *req, int status)
{
	(void)status;
	free(container_of(req, struct saying, req));
}

void peer_say(struct peer_conn *c, struct str bytes)
{
	struct saying *s = malloc(sizeof *s + bytes.len);
	uv_buf_t b;

	if (!s)
		abort();
	if (bytes.len)
		memcpy(s->bytes, bytes.ptr, bytes.len);
	b = uv_buf_init(s->bytes, (unsigned)bytes.len);
	if (uv_write(&s->req, (uv_stream_t *)&c->tcp, &b, 1, on_said) != 0)
		free(s);
}

static void on_pace(struct timer *t)
{
	struct peer_conn *c = container_of(t, struct peer_conn, pace);

	if (c->slow.len) {
		peer_say(c, str_span(c->slow.ptr, 1));
		buf_consume(&c->slow, 1);
	}
	if (c->slow.len)
		return;
	timer_stop(&c->pace);
	if (c->hang_up)
		peer_hang_up(c);
}

void peer_say_slowly(struct peer_conn *c, struct str bytes, bool then_hang_up)
{
	buf_add_str(&c->slow, bytes);
	c->hang_up = then_hang_up;
	timer_start(&c->pace, 0, 1);
}

/* ---- requests ---- */

/* Length of the whole request at the start of `s`; 0: not all of it is there. */
static size_t whole_request(struct str s)
{
	const char *end = s.len ? memmem(s.ptr, s.len, "\r\n\r\n", 4) : NULL;
	size_t head = end ? (size_t)(end - s.ptr) + 4 : 0, len;
	const char *field;

	if (!head)
		return 0;
	field = memmem(s.ptr, head, "Content-Length: ", 16);
	len = head + (field ? (size_t)strtoul(field + 16, NULL, 10) : 0);
	return len <= s.len ? len : 0;
}

static void on_space(uv_handle_t *h, size_t suggested, uv_buf_t *space)
{
	struct peer_conn *c = container_of(h, struct peer_conn, tcp);

	(void)suggested;
	*space = uv_buf_init(c->read_space, sizeof c->read_space);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *space)
{
	struct peer_conn *c = container_of((uv_tcp_t *)stream, struct peer_conn, tcp);
	size_t len;

	if (n < 0) {
		close_conn(c, false);
		return;
	}
	buf_add(&c->in, space->base, (size_t)n);
	while (!uv_is_closing((uv_handle_t *)stream) &&
		(len = whole_request(buf_str(&c->in)))) {
		c->request = str_span(c->in.ptr, len);
		c->requests++;
		c->peer->requests++;
		c->peer->on_request(c);
		buf_consume(&c->in, len);
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct peer *p = container_of((uv_tcp_t *)listener, struct peer, listener);
	struct peer_conn *c;

	if (status < 0)
		return;
	c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->peer = p;
	c->handles = 2;
	uv_tcp_init(&p->loop->uv, &c->tcp);
	timer_open(p->loop, &c->pace, on_pace);
	list_push(&p->conns, &c->link);
	p->accepted++;
	p->open++;
	uv_accept(listener, (uv_stream_t *)&c->tcp);
	uv_tcp_nodelay(&c->tcp, 1);
	uv_read_start((uv_stream_t *)&c->tcp, on_space, on_read);
}

/* ---- the whole ---- */

struct peer *peer_open(
	struct loop *loop, unsigned port, void (*on_request)(struct peer_conn *c))
{
	struct peer *p = calloc(1, sizeof *p);
	struct sockaddr_in at;

	if (!p)
		abort();
	signal(SIGPIPE, SIG_IGN); /* who hangs up on us does not end the test */
	p->loop = loop;
	p->on_request = on_request;
	list_init(&p->conns);
	uv_ip4_addr("127.0.0.1", (int)port, &at);
	uv_tcp_init(&loop->uv, &p->listener);
	if (uv_tcp_bind(&p->listener, (const struct sockaddr *)&at, 0) != 0 ||
		uv_listen((uv_stream_t *)&p->listener, 128, on_connection) != 0)
		abort();
	return p;
}

unsigned peer_port(const struct peer *p)
{
	struct sockaddr_in at = { 0 };
	int len = sizeof at;

	uv_tcp_getsockname(&p->listener, (struct sockaddr *)&at, &len);
	return ntohs(at.sin_port);
}

const char *peer_url(const struct peer *p)
{
	static char urls[4][40];
	static unsigned next;
	char *url = urls[next++ % 4];

	snprintf(url, sizeof urls[0], "http://127.0.0.1:%u", peer_port(p));
	return url;
}

static void on_listener_closed(uv_handle_t *h)
{
	container_of((uv_tcp_t *)h, struct peer, listener)->closed = true;
}

static bool is_closed(void *ctx)
{
	const struct peer *p = ctx;

	return p->closed && p->open == 0;
}

void peer_close(struct peer **pp)
{
	struct peer *p = *pp;

	*pp = NULL;
	LIST_EACH (&p->conns, link)
		close_conn(container_of(link, struct peer_conn, link), false);
	uv_close((uv_handle_t *)&p->listener, on_listener_closed);
	if (!test_until_fn(p->loop, is_closed, p))
		abort();
	free(p);
}
