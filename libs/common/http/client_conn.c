#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "http/upstream.h"

/* ---- the end of a connection ---- */

static struct client_conn *conn_of(struct sock *s)
{
	return container_of(s, struct client_conn, sock);
}

static void on_closed(struct sock *s)
{
	struct client_conn *conn = conn_of(s);
	struct http_upstream *u = conn->upstream;
	struct endpoint *e = conn->endpoint;

	response_fini(&conn->reader);
	free(conn);
	u->connections--;
	e->connections--;
	endpoint_left(&u->endpoints, e);
	upstream_conn_gone(u);
}

static struct http_call *detach(struct client_conn *conn)
{
	struct http_call *c = conn->call;

	conn->call = NULL;
	if (c) {
		c->conn = NULL;
		conn->endpoint->busy--;
	}
	return c;
}

/* How the call went, for the endpoint's breaker. */
static void judge(struct client_conn *conn, bool well)
{
	conn->decides = false;
	endpoint_answered(&conn->upstream->endpoints, conn->endpoint, well);
}

void client_conn_close(struct client_conn *conn)
{
	if (conn->closing)
		return;
	detach(conn);
	if (conn->decides)
		endpoint_unanswered(conn->endpoint);
	conn->decides = false;
	conn->closing = true;
	conn->reader.stopped = true;
	list_del(&conn->link);
	sock_close(&conn->sock);
}

/* A stream that began was answered. That it ends early tells that a process or a link is
 * gone, and tells it once for each stream that it had: the address is looked at instead. */
static void blame(struct client_conn *conn)
{
	if (conn->streams)
		endpoint_doubted(&conn->upstream->endpoints, conn->endpoint);
	else
		judge(conn, false);
}

/* The other side is gone, or our patience with it; why: if there never was a connection. */
static void end(struct client_conn *conn, enum err why)
{
	struct http_upstream *u = conn->upstream;
	struct http_call *c = detach(conn);
	bool answered = conn->answered;

	/* That a kept connection is closed under a request is nobody's fault. */
	if (c && conn->connected && (answered || !conn->used))
		blame(conn);
	client_conn_close(conn);
	if (!c)
		endpoint_doubted(&u->endpoints, conn->endpoint);
	else if (answered)
		upstream_finish(u, c, ERR_UNSURE);
	else
		upstream_try_again(u, c, conn->endpoint, why);
}

static void finish(struct client_conn *conn, enum err e, bool reusable)
{
	struct http_upstream *u = conn->upstream;
	struct http_call *c = detach(conn);

	if (e != ERR_OK)
		blame(conn);
	conn->used = true;
	if (!reusable)
		client_conn_close(conn);
	upstream_finish(u, c, e);
	/* Only now: on_done may have looked at the fields of this answer. */
	if (!conn->closing)
		upstream_conn_free(u, conn);
}

/* ---- reading ---- */

/* Services say 501, and 503 with Retry-After, on purpose. */
static bool is_failure(const struct http_response *a)
{
	if (a->status < 500 || a->status == 501)
		return false;
	for (size_t i = 0; a->status == 503 && i < a->header_count; i++) {
		if (str_eq_nocase(a->headers[i].name, STR("Retry-After")))
			return false;
	}
	return true;
}

static bool is_stream(const struct http_response *a)
{
	for (size_t i = 0; i < a->header_count; i++) {
		if (str_eq_nocase(a->headers[i].name, STR("Content-Type")))
			return http_is_event_stream(a->headers[i].value);
	}
	return false;
}

static void on_answer_head(struct response_reader *r)
{
	struct client_conn *conn = container_of(r, struct client_conn, reader);

	judge(conn, !is_failure(&r->answer));
	conn->streams = is_stream(&r->answer);
	conn->call->events->on_head(conn->call, &r->answer);
}

static void on_answer_body(struct response_reader *r, struct str bytes)
{
	struct client_conn *conn = container_of(r, struct client_conn, reader);

	conn->call->events->on_body(conn->call, bytes);
}

static void take(struct client_conn *conn, struct str bytes)
{
	struct response_reader *r = &conn->reader;
	size_t used;
	bool sound;

	if (!conn->call) { /* nobody asked */
		client_conn_close(conn);
		return;
	}
	conn->answered = true;
	conn->since_ms = uv_now(&conn->upstream->loop->uv);
	sound = response_feed(r, bytes, &used);
	if (conn->closing) /* canceled by what it was told */
		return;
	if (!sound)
		finish(conn, ERR_INTERNAL, false);
	else if (r->state == RESPONSE_WHOLE)
		finish(conn, ERR_OK, r->reusable && used == bytes.len && !conn->writing);
}

static void on_readable(struct sock *s)
{
	struct client_conn *conn = conn_of(s);
	char *into = conn->upstream->read_space;
	ssize_t n = sock_read(s, into, UPSTREAM_READ_SIZE);

	if (n > 0)
		take(conn, str_span(into, (size_t)n));
	else if (n == SOCK_END && conn->call && response_end(&conn->reader))
		finish(conn, ERR_OK, false);
	else if (n < 0)
		end(conn, ERR_UNAVAILABLE);
}

void client_conn_set_reading(struct client_conn *conn, bool on)
{
	uint64_t now_ms = uv_now(&conn->upstream->loop->uv);

	if (on == conn->sock.reading || conn->closing)
		return;
	if (on && conn->call && conn->answered && conn->call->end_ms)
		conn->call->end_ms += now_ms - conn->since_ms; /* it was paused */
	conn->since_ms = now_ms;
	sock_set_reading(&conn->sock, on);
}

/* ---- writing ---- */

/* What is not sent yet of c's head and body. */
static unsigned parts_left(const struct http_call *c, size_t sent, struct iovec parts[2])
{
	unsigned n = 0;

	if (sent < c->head.len)
		parts[n++] = (struct iovec){ (char *)c->head.ptr + sent,
			c->head.len - sent };
	sent = sent > c->head.len ? sent - c->head.len : 0;
	if (sent < c->body.len)
		parts[n++] = (struct iovec){ (char *)c->body.ptr + sent,
			c->body.len - sent };
	return n;
}

/* Most requests leave whole at once; what is left of others is written later. */
static bool write_call(struct client_conn *conn)
{
	struct http_call *c = conn->call;
	struct iovec parts[2];
	unsigned count = parts_left(c, conn->sent, parts);
	ssize_t n = sock_write(&conn->sock, parts, count);

	if (n < 0)
		return false;
	c->was_sent = true;
	conn->sent += (size_t)n;
	conn->writing = conn->sent < c->head.len + c->body.len;
	return true;
}

static void on_writable(struct sock *s)
{
	struct client_conn *conn = conn_of(s);

	if (!conn->call || !conn->writing || write_call(conn))
		return;
	/* An answer may have come all the same: reading tells what became of the call. */
	conn->writing = false;
	client_conn_set_reading(conn, true);
}

static void attach(struct client_conn *conn, struct http_call *c)
{
	list_push(&conn->upstream->working, &conn->link);
	conn->since_ms = uv_now(&conn->upstream->loop->uv);
	conn->call = c;
	if (c) {
		c->conn = conn;
		conn->endpoint->busy++;
		conn->decides = endpoint_asked(conn->endpoint);
	}
}

/* What came before a request is no answer to it, and a connection that has ended would take
 * the request with it: neither is used, also if it is heard of only later in this turn. */
static bool start_call(struct client_conn *conn)
{
	response_start(&conn->reader, conn->call->head_only);
	conn->answered = conn->streams = false;
	conn->sent = 0;
	return sock_is_silent(&conn->sock) && write_call(conn);
}

bool client_conn_send(struct client_conn *conn, struct http_call *call)
{
	/* What can be repeated is worth no system call. */
	if (!call->repeatable && !sock_is_still_silent(&conn->sock)) {
		client_conn_close(conn);
		return false;
	}
	list_del(&conn->link);
	attach(conn, call);
	if (start_call(conn))
		return true;
	client_conn_close(conn);
	return false;
}

/* ---- connecting ---- */

/* We have no descriptor, port or memory left: that is not the address's fault. */
static bool is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	       error == EADDRNOTAVAIL;
}

static void connect_failed(struct client_conn *conn, int error)
{
	if (is_ours(error))
		endpoint_untried(&conn->upstream->endpoints, conn->endpoint);
	else
		endpoint_failed(&conn->upstream->endpoints, conn->endpoint);
	end(conn, error == ETIMEDOUT ? ERR_TIMEOUT : ERR_UNAVAILABLE);
}

static void on_connected(struct sock *s, int error)
{
	struct client_conn *conn = conn_of(s);

	if (error) {
		connect_failed(conn, error);
		return;
	}
	conn->connected = true;
	endpoint_reached(&conn->upstream->endpoints, conn->endpoint);
	client_conn_set_reading(conn, true);
	if (!conn->call)
		upstream_conn_free(conn->upstream, conn);
	else if (!start_call(conn))
		end(conn, ERR_UNAVAILABLE);
}

static bool is_overdue(const struct client_conn *conn, uint64_t now_ms)
{
	const struct http_call *c = conn->call;

	if (!conn->answered)
		return c->deadline_ms && now_ms >= c->deadline_ms;
	if (!conn->sock.reading) /* whoever asked is slow */
		return false;
	return now_ms - conn->since_ms >= conn->upstream->gap_ms ||
	       (!conn->streams && c->end_ms && now_ms >= c->end_ms);
}

void client_conn_check(struct client_conn *conn, uint64_t now_ms)
{
	if (!conn->connected && now_ms - conn->since_ms >= conn->upstream->connect_ms)
		connect_failed(conn, ETIMEDOUT);
	else if (conn->call && is_overdue(conn, now_ms))
		finish(conn, ERR_TIMEOUT, false);
}

static socklen_t address_size(const struct endpoint *e)
{
	switch (e->address.sa.sa_family) {
	case AF_UNIX:
		return sizeof e->address.local;
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return sizeof(struct sockaddr_in);
	}
}

void client_conn_open(struct http_upstream *u, struct endpoint *e, struct http_call *call)
{
	static const struct sock_events events = { on_readable, on_writable, on_connected,
		on_closed };
	struct client_conn *conn = calloc(1, sizeof *conn);
	int error;

	if (!conn)
		abort();
	conn->reader.on_head = on_answer_head;
	conn->reader.on_body = on_answer_body;
	conn->upstream = u;
	conn->endpoint = e;
	u->connections++;
	e->connections++;
	attach(conn, call);
	error = sock_connect(
		&conn->sock, u->loop, &e->address.sa, address_size(e), &events);
	if (error)
		connect_failed(conn, error);
}
