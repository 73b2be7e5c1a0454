/* A connection whose bytes are TLS: what is read is opened before conn_take sees it, what
 * is written is sealed at the flush. Between them everything is as in plain. */
#include "http/conn.h"
#include "http/tls.h"

/* What OpenSSL has to say by itself: handshake, alerts, tickets. */
static void send_own(struct conn *c)
{
	if (c->state != CONN_CLOSING && c->tls->out.len)
		conn_dirty(c);
}

static void note_established(struct conn *c)
{
	if (c->state == CONN_HANDSHAKE && tls_is_established(c->tls))
		conn_set_state(c, CONN_HEAD);
}

static void on_broken(struct conn *c)
{
	conn_flush(c); /* the alert */
	conn_close(c);
}

/* All that came is taken: what cannot be eaten yet waits in the clear. */
static void open_all(struct conn *c)
{
	struct http_server *s = c->server;
	int n;

	while ((n = tls_read(c->tls, s->plain_buffer, READ_BUFFER_SIZE)) > 0) {
		note_established(c);
		conn_take(c, str_span(s->plain_buffer, (size_t)n));
		if (c->state == CONN_CLOSING)
			return;
	}
	note_established(c);
	send_own(c);
	if (n == TLS_BROKEN)
		on_broken(c);
	else if (n == TLS_END && !c->eof)
		conn_end_of_input(c);
	else
		conn_settle_reading(c);
}

void conn_tls_take(struct conn *c, struct str bytes)
{
	tls_give(c->tls, bytes);
	open_all(c);
}

struct buf *conn_tls_seal(struct conn *c)
{
	struct tls *t = c->tls;

	if (c->out.len) {
		conn_borrow(c->server, &t->out);
		if (!tls_write(t, buf_str(&c->out)))
			return NULL;
		conn_give_back(c->server, &c->out);
	}
	return &t->out;
}
