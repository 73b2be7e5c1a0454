#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "http/tls.h"

#define SPARE_OUT_KEEP (32u << 10)

/* ---- buffers: borrowed from the server while there is something in them ---- */

void conn_borrow(struct http_server *s, struct buf *b)
{
	if (!b->ptr && s->spare_out_count)
		*b = s->spare_out[--s->spare_out_count];
}

void conn_give_back(struct http_server *s, struct buf *b)
{
	if (b->cap > SPARE_OUT_KEEP || s->spare_out_count == SPARE_OUT_MAX) {
		buf_fini(b);
		return;
	}
	buf_clear(b);
	s->spare_out[s->spare_out_count++] = *b;
	*b = (struct buf){ 0 };
}

struct buf *conn_out(struct conn *c)
{
	conn_borrow(c->server, &c->out);
	return &c->out;
}

void conn_write_fini(struct conn *c)
{
	conn_give_back(c->server, &c->out);
	conn_give_back(c->server, &c->sending);
}

void conn_dirty(struct conn *c)
{
	if (list_empty(&c->dirty))
		list_push(&c->server->dirty, &c->dirty);
	loop_defer(c->server->loop, &c->server->hook);
}

size_t conn_waiting(const struct conn *c)
{
	return c->out.len + (c->tls ? c->tls->out.len : 0) + c->sending.len - c->sent;
}

/* A buffer goes when its last byte has gone. */
size_t conn_buffered(const struct conn *c)
{
	return c->out.cap + (c->tls ? c->tls->out.cap : 0) + c->sending.cap;
}

/* ---- writing ---- */

static void keep_rest(struct conn *c, struct buf *out, size_t sent)
{
	c->sending = *out;
	c->sent = sent;
	*out = (struct buf){ 0 };
	c->moved_ms = server_now_ms(c->server);
	c->moved_left = c->sending.len - sent;
}

void conn_on_writable(struct sock *sock)
{
	struct conn *c = container_of(sock, struct conn, sock);
	struct iovec rest = { c->sending.ptr + c->sent, c->sending.len - c->sent };
	ssize_t n = sock_write(sock, &rest, 1);

	if (n < 0) {
		conn_close(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent < c->sending.len)
		return;
	c->sent = 0;
	conn_give_back(c->server, &c->sending);
	conn_dirty(c);
}

static void flush(struct conn *c)
{
	struct buf *out = &c->out;
	ssize_t n;

	if (c->state == CONN_CLOSING || c->sending.len)
		return;
	if (c->tls && !(out = conn_tls_seal(c))) {
		conn_close(c);
		return;
	}
	if (out->len == 0)
		return;
	n = sock_write(&c->sock, &(struct iovec){ out->ptr, out->len }, 1);
	if (n < 0)
		conn_close(c);
	else if ((size_t)n == out->len)
		conn_give_back(c->server, out);
	else
		keep_rest(c, out, (size_t)n);
}

void conn_flush(struct conn *c)
{
	flush(c);
	if (c->state != CONN_CLOSING)
		conn_note_unsent(c);
}

/* ---- the end of a turn ---- */

/* Says that no more is coming, and gives the client linger_ms to read what was sent. */
static void half_close(struct conn *c)
{
	if (c->tls && !c->tls->ended) {
		tls_end(c->tls);
		conn_flush(c);
		if (c->state == CONN_CLOSING || conn_waiting(c))
			return;
	}
	if (c->eof) {
		conn_close(c);
		return;
	}
	if (c->shut)
		return;
	c->shut = true;
	c->since_ms = server_now_ms(c->server);
	if (shutdown(c->sock.fd, SHUT_WR) != 0)
		conn_close(c);
}

static void wake_writer(struct conn *c)
{
	struct http_exchange *x = c->x;

	if (!x || !x->drain_below || conn_waiting(c) >= x->drain_below)
		return;
	x->drain_below = 0;
	task_wake_soon(&x->task, ERR_OK);
}

void conn_flush_all(struct http_server *s)
{
	struct list now;
	struct list *link;

	list_init(&now);
	list_move_all(&now, &s->dirty);
	while ((link = list_pop(&now))) {
		struct conn *c = container_of(link, struct conn, dirty);

		conn_flush(c);
		if (c->state == CONN_CLOSING)
			continue;
		wake_writer(c);
		if (c->state == CONN_LINGER && conn_waiting(c) == 0)
			half_close(c);
		else
			conn_resume(c);
	}
	conn_limit_answers(s);
}
