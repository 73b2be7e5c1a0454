#include "http/conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/peers.h"

static const struct refusal slow_head = { 408, "The head took too long to come" };
static const struct refusal slow_body = { 408, "The body took too long to come" };
static const struct refusal no_memory = { 503, "There is no room for more requests now" };

#define PACE_BYTES_PER_S 1024

/* ---- reading on and off ---- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct conn *c = h->data;

	(void)suggested;
	*buf = uv_buf_init(c->server->read_buffer, READ_BUFFER_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static bool wants_bytes(const struct conn *c)
{
	if (c->eof)
		return false;
	switch (c->state) {
	case CONN_HEAD:
		return conn_waiting(c) < CONN_WAITING_MAX;
	case CONN_SERVING: /* to see the client leave; what it sends must wait */
		return c->pending.len == 0;
	case CONN_BODY:
	case CONN_LINGER:
		return true;
	case CONN_CLOSING:
		return false;
	}
	return false;
}

static void settle_reading(struct conn *c)
{
	bool want = wants_bytes(c);

	if (want == c->reading || c->state == CONN_CLOSING)
		return;
	c->reading = want;
	if (want)
		uv_read_start(&c->uv.stream, on_alloc, on_read);
	else
		uv_read_stop(&c->uv.stream);
}

/* ---- the end of a request ---- */

static void set_state(struct conn *c, enum conn_state state)
{
	c->state = state;
	c->since_ms = server_now_ms(c->server);
}

static void forget_body(struct conn *c)
{
	c->server->held -= c->x->intake.taken;
	c->x->intake.taken = 0;
}

/* Request and answer are both complete: the next one, or the end. */
static void finish(struct conn *c)
{
	struct http_exchange *x = c->x;

	set_state(c, x->closes || c->eof ? CONN_LINGER : CONN_HEAD);
	c->scan = (struct head_scan){ 0 };
	c->began = false;
	forget_body(c);
	c->x = NULL;
	exchange_release(x);
	conn_dirty(c);
}

void conn_answered(struct conn *c)
{
	struct http_exchange *x = c->x;

	if (c->state == CONN_BODY && !x->closes)
		x->intake.discard = true; /* finish comes with the last byte of the body */
	else
		finish(c);
}

/* The one answer to a request that breaks the rules; nothing after it is read. */
static void refuse(struct conn *c, const struct refusal *no)
{
	struct http_server *s = c->server;

	s->refused++;
	if (!c->x) {
		c->x = exchange_new(c);
		exchange_identify(c->x);
	}
	log_context_set(&c->x->task.log);
	log_info("request-refused", L_INT("status", no->status), L_Z("why", no->why),
		L_Z("peer", c->peer));
	log_context_set(NULL);
	c->x->closes = true;
	if (c->x->status) /* it was answered before its body broke the rules */
		finish(c);
	else
		answer_refusal(c->x, no);
}

/* ---- a request comes in ---- */

static outcome_t run_handler(struct task *t, enum err e)
{
	(void)e;
	return t->http->server->o.serve(t);
}

static void serve(struct conn *c)
{
	set_state(c, CONN_SERVING);
	task_run(&c->x->task, run_handler, ERR_OK);
}

static bool admit(struct http_exchange *x, size_t *body_max)
{
	const struct http_server_options *o = &x->server->o;
	const struct log_context *outer = log_context_get();
	bool ok;

	*body_max = o->body_max;
	if (!o->admit)
		return true;
	log_context_set(&x->task.log);
	ok = o->admit(&x->task, body_max);
	log_context_set(outer);
	return ok;
}

/* The head is whole; `more` says whether bytes of the body have come with it. */
static void open_request(struct conn *c, struct str head, bool more)
{
	struct http_exchange *x = exchange_new(c);
	const struct refusal *no;
	size_t body_max;

	c->x = x;
	c->requests++;
	no = intake_open(&x->intake, &c->scan, head, &x->task.arena, &x->req);
	exchange_identify(x);
	if (no) {
		refuse(c, no);
		return;
	}
	set_state(c, CONN_BODY);
	if (!admit(x, &body_max)) {
		assert(c->x != x || x->status); /* admit must have replied */
		return;
	}
	no = intake_limit(&x->intake, body_max);
	if (no)
		refuse(c, no);
	else if (!intake_has_body(&x->intake))
		serve(c);
	else if (x->intake.head.expects_continue && !more)
		answer_continue(x);
}

/* Each of the eaters says how many bytes it took; 0: it needs more of them. */
static size_t eat_head(struct conn *c, struct str bytes)
{
	const struct refusal *no;
	size_t start, end;
	bool whole;

	if (!c->began)
		c->since_ms = server_now_ms(c->server);
	c->began = true;
	no = head_scan(&c->scan, bytes, &whole);
	if (no) {
		refuse(c, no);
		return bytes.len;
	}
	if (!whole)
		return 0;
	start = c->scan.start;
	end = c->scan.end;
	open_request(c, str_span(bytes.ptr + start, end - start), end < bytes.len);
	return end;
}

static size_t eat_body(struct conn *c, struct str bytes)
{
	struct http_server *s = c->server;
	struct intake *in = &c->x->intake;
	const struct refusal *no;
	size_t used = 0;
	bool whole = false;

	no = intake_body(in, bytes, &used, &whole);
	s->held += used;
	if (!no && !whole && s->held > s->o.memory_max)
		no = &no_memory;
	if (no)
		refuse(c, no);
	else if (whole && in->discard)
		finish(c);
	else if (whole)
		serve(c);
	return used;
}

static size_t eat(struct conn *c, struct str bytes)
{
	size_t used = 0, n = 1;

	while (n > 0 && used < bytes.len) {
		struct str rest = str_from(bytes, used);

		switch (c->state) {
		case CONN_HEAD:
			if (conn_waiting(c) >= CONN_WAITING_MAX)
				conn_flush(c);
			n = conn_waiting(c) < CONN_WAITING_MAX ? eat_head(c, rest) : 0;
			break;
		case CONN_BODY:
			n = eat_body(c, rest);
			break;
		case CONN_SERVING:
			n = 0;
			break;
		case CONN_LINGER:
		case CONN_CLOSING:
			n = rest.len;
			break;
		}
		used += n;
	}
	return used;
}

static void set_pending(struct conn *c, size_t before)
{
	c->server->held += c->pending.len - before; /* unsigned: falls as well as rises */
	if (c->pending.len == 0)
		buf_fini(&c->pending);
}

void conn_resume(struct conn *c)
{
	size_t before = c->pending.len;

	if (before) {
		buf_consume(&c->pending, eat(c, buf_str(&c->pending)));
		set_pending(c, before);
	}
	settle_reading(c);
}

static void take(struct conn *c, struct str bytes)
{
	struct http_server *s = c->server;
	size_t before = c->pending.len;

	if (before == 0)
		bytes = str_from(bytes, eat(c, bytes));
	buf_add_str(&c->pending, bytes);
	set_pending(c, before);
	if (before)
		conn_resume(c);
	if (c->pending.len && c->state == CONN_HEAD && s->held > s->o.memory_max) {
		refuse(c, &no_memory);
		conn_resume(c);
	}
	settle_reading(c);
}

/* The client sends no more. A handler that waits is told; what it still says is sent. */
static void on_eof(struct conn *c)
{
	c->eof = true;
	c->reading = false;
	if (c->state == CONN_SERVING) {
		task_cancel(&c->x->task);
		return;
	}
	if (conn_waiting(c) == 0) {
		conn_close(c);
		return;
	}
	if (c->x)
		finish(c);
	set_state(c, CONN_LINGER);
	conn_dirty(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *c = stream->data;

	if (n > 0)
		take(c, str_span(buf->base, (size_t)n));
	else if (n == UV_EOF)
		on_eof(c);
	else if (n < 0)
		conn_close(c);
}

/* ---- time ---- */

static bool body_is_slow(const struct conn *c, uint64_t ms)
{
	const struct http_server_options *o = &c->server->o;

	if (ms >= o->body_ms)
		return true;
	return ms >= o->pace_ms && c->x->intake.taken < ms * PACE_BYTES_PER_S / 1000;
}

static bool write_is_stuck(struct conn *c, uint64_t now_ms)
{
	size_t left;

	if (!c->sending)
		return false;
	left = uv_stream_get_write_queue_size(&c->uv.stream);
	if (left != c->moved_left) {
		c->moved_left = left;
		c->moved_ms = now_ms;
	}
	return now_ms - c->moved_ms >= c->server->o.write_ms;
}

static void check_head_time(struct conn *c, uint64_t ms, uint64_t now_ms)
{
	struct http_server *s = c->server;

	if (c->began) {
		if (ms >= s->o.head_ms)
			refuse(c, &slow_head);
		return;
	}
	if (conn_waiting(c))
		return; /* write_is_stuck watches */
	if (ms >= s->o.idle_ms || (s->draining && now_ms - s->drain_ms >= s->o.linger_ms)) {
		set_state(c, CONN_LINGER);
		conn_dirty(c);
	}
}

void conn_check_time(struct conn *c, uint64_t now_ms)
{
	uint64_t ms = now_ms - c->since_ms;

	if (write_is_stuck(c, now_ms)) {
		conn_close(c);
		return;
	}
	switch (c->state) {
	case CONN_HEAD:
		check_head_time(c, ms, now_ms);
		break;
	case CONN_BODY:
		if (body_is_slow(c, ms))
			refuse(c, &slow_body);
		break;
	case CONN_LINGER:
		if (c->shut && ms >= c->server->o.linger_ms)
			conn_close(c);
		break;
	case CONN_SERVING: /* the handler's deadline watches */
	case CONN_CLOSING:
		break;
	}
}

/* ---- birth and death ---- */

static void on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct http_server *s = c->server;

	conn_write_fini(c);
	s->held -= c->pending.len;
	buf_fini(&c->pending);
	list_del(&c->link);
	s->conn_count--;
	if (s->closing)
		loop_defer(s->loop, &s->hook);
	free(c);
}

void conn_close(struct conn *c)
{
	struct http_exchange *x = c->x;
	bool serving = c->state == CONN_SERVING;

	if (c->state == CONN_CLOSING)
		return;
	c->state = CONN_CLOSING;
	list_del(&c->dirty);
	if (c->address)
		peers_leave(c->server->peers, c->address);
	uv_close((uv_handle_t *)&c->uv.stream, on_closed);
	if (!x)
		return;
	forget_body(c);
	c->x = NULL;
	x->conn = NULL;
	if (serving)
		task_cancel(&x->task); /* its end releases the exchange */
	else
		exchange_release(x);
}

static void read_peer(struct conn *c)
{
	struct sockaddr_storage from;
	int len = sizeof from;

	if (c->server->is_unix) {
		snprintf(c->peer, sizeof c->peer, "unix");
		return;
	}
	if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&from, &len) != 0)
		return;
	if (from.ss_family == AF_INET6)
		uv_ip6_name((struct sockaddr_in6 *)&from, c->peer, sizeof c->peer);
	else
		uv_ip4_name((struct sockaddr_in *)&from, c->peer, sizeof c->peer);
}

static bool is_too_many(struct conn *c)
{
	struct http_server *s = c->server;

	if (s->conn_count > s->o.connections_max)
		return true;
	if (!s->peers)
		return false;
	c->address = peers_enter(s->peers, c->peer, server_now_ms(s));
	return !c->address;
}

void conn_accept(struct http_server *s)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c)
		abort();
	c->server = s;
	list_init(&c->dirty);
	list_push(&s->conns, &c->link);
	s->conn_count++;
	set_state(c, CONN_HEAD);
	if (s->is_unix)
		uv_pipe_init(&s->loop->uv, &c->uv.pipe, 0);
	else
		uv_tcp_init(&s->loop->uv, &c->uv.tcp);
	c->uv.stream.data = c;
	if (uv_accept(&s->listener.stream, &c->uv.stream) != 0) {
		conn_close(c);
		return;
	}
	read_peer(c);
	if (is_too_many(c)) {
		log_info("connection-refused", L_Z("peer", c->peer));
		conn_close(c);
		return;
	}
	if (!s->is_unix)
		uv_tcp_nodelay(&c->uv.tcp, 1);
	settle_reading(c);
}
