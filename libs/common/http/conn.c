#include "http/conn.h"
#include "http/tls.h"

#include <assert.h>

#define PENDING_MAX 4096

static const struct refusal misdirected = { 421,
	"The host is not the one that was asked for by TLS" };

/* ---- reading on and off ---- */

bool conn_has_room(const struct conn *c)
{
	return conn_waiting(c) < c->server->o.waiting_max;
}

static bool wants_bytes(const struct conn *c)
{
	if (c->eof)
		return false;
	/* Some of what comes by TLS is answered without being a request. */
	if (c->tls && !conn_has_room(c))
		return false;
	switch (c->state) {
	case CONN_HANDSHAKE:
	case CONN_HEAD:
		return conn_has_room(c);
	case CONN_SERVING: /* to see the client leave; what it sends must wait */
		return c->pending.len < PENDING_MAX;
	case CONN_BODY:
	case CONN_LINGER:
		return true;
	case CONN_CLOSING:
		return false;
	}
	return false;
}

void conn_settle_reading(struct conn *c)
{
	if (c->state != CONN_CLOSING)
		sock_set_reading(&c->sock, wants_bytes(c));
}

/* ---- the end of a request ---- */

void conn_set_state(struct conn *c, enum conn_state state)
{
	c->state = state;
	c->since_ms = server_now_ms(c->server);
}

void conn_await_head(struct conn *c)
{
	c->scan = (struct head_scan){ .limits = &c->server->o.head };
	c->began = false;
}

/* Request and answer are both complete: the next one, or the end. */
static void finish(struct conn *c)
{
	struct http_exchange *x = c->x;

	conn_set_state(c, x->closes || c->eof ? CONN_LINGER : CONN_HEAD);
	conn_await_head(c);
	conn_let_go(c);
	c->x = NULL;
	exchange_release(x);
	conn_dirty(c);
}

void conn_answered(struct conn *c)
{
	struct http_exchange *x = c->x;

	if (c->state == CONN_BODY && !x->closes && intake_has_body(&x->intake)) {
		x->intake.discard = true; /* finish comes with the last byte of the body */
		return;
	}
	finish(c);
	/* Nothing that came with it can be answered by the same write: the client need not
	 * wait for the rest of the turn. */
	if (!c->eating && !c->pending.len)
		conn_flush(c);
}

void conn_hand_over(struct conn *c)
{
	struct http_exchange *x = c->x;
	bool last = x->closes || c->eof;

	conn_let_go(c);
	c->x = NULL;
	x->conn = NULL;
	x->handed_over = true;
	conn_set_state(c, last ? CONN_LINGER : CONN_HEAD);
	conn_await_head(c);
	conn_dirty(c);
	task_cancel(&x->task);
}

void conn_refuse(struct conn *c, const struct refusal *no)
{
	struct http_server *s = c->server;

	s->refused++;
	if (s->o.refused)
		++*s->o.refused;
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
	conn_set_state(c, CONN_SERVING);
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
	if (!no)
		no = conn_hold_head(c, head.len);
	if (no) {
		conn_refuse(c, no);
		return;
	}
	x->req.secure = c->tls != NULL;
	if (c->tls && !tls_covers(c->tls, x->req.host)) {
		conn_refuse(c, &misdirected);
		return;
	}
	conn_set_state(c, CONN_BODY);
	if (!admit(x, &body_max)) {
		assert(c->x != x || x->status); /* admit must have replied */
		return;
	}
	no = intake_limit(&x->intake, body_max);
	if (no)
		conn_refuse(c, no);
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

	no = head_scan(&c->scan, bytes, &whole);
	if (!c->began && bytes.len > c->scan.start) { /* blank lines begin nothing */
		c->began = true;
		c->since_ms = server_now_ms(c->server);
	}
	if (no) {
		conn_refuse(c, no);
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
	struct intake *in = &c->x->intake;
	const struct refusal *no;
	uint64_t before = in->taken;
	size_t used = 0;
	bool whole = false;

	no = intake_body(in, bytes, &used, &whole);
	conn_hold(c, in->discard ? 0 : in->taken - before);
	if (no)
		conn_refuse(c, no);
	else if (!whole)
		conn_limit_requests(c->server, c);
	if (c->state != CONN_BODY)
		return bytes.len;
	if (whole && in->discard)
		finish(c);
	else if (whole)
		serve(c);
	return used;
}

static size_t eat(struct conn *c, struct str bytes)
{
	size_t used = 0, n = 1;

	c->eating = true;
	while (n > 0 && used < bytes.len) {
		struct str rest = str_from(bytes, used);

		switch (c->state) {
		case CONN_HEAD:
			if (!conn_has_room(c))
				conn_flush(c);
			n = conn_has_room(c) ? eat_head(c, rest) : 0;
			break;
		case CONN_BODY:
			n = eat_body(c, rest);
			break;
		case CONN_HANDSHAKE:
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
	c->eating = false;
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
	conn_settle_reading(c);
}

void conn_take(struct conn *c, struct str bytes)
{
	size_t before = c->pending.len;

	if (before == 0)
		bytes = str_from(bytes, eat(c, bytes));
	buf_add_str(&c->pending, bytes);
	set_pending(c, before);
	if (before)
		conn_resume(c);
	if (c->pending.len && c->state == CONN_HEAD)
		conn_limit_requests(c->server, NULL);
	conn_settle_reading(c);
}

void conn_end_of_input(struct conn *c)
{
	c->eof = true;
	sock_set_reading(&c->sock, false);
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
	conn_set_state(c, CONN_LINGER);
	conn_dirty(c);
}

void conn_on_readable(struct sock *sock)
{
	struct conn *c = container_of(sock, struct conn, sock);
	char *into = c->server->read_buffer;
	ssize_t n = sock_read(sock, into, READ_BUFFER_SIZE);

	if (n > 0 && c->tls)
		conn_tls_take(c, str_span(into, (size_t)n));
	else if (n > 0)
		conn_take(c, str_span(into, (size_t)n));
	else if (n == SOCK_END)
		conn_end_of_input(c);
	else if (n == SOCK_BROKEN)
		conn_close(c);
}
