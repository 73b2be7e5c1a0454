#include <stdlib.h>

#include "http/upstream.h"

#define CONNECT_MS 1000
#define GAP_MS     60000 /* streams send something every 15 s */

/* ---- the end of a connection ---- */

static void on_closed(uv_handle_t *handle)
{
	struct client_conn *conn = container_of(handle, struct client_conn, uv.handle);
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
	uv_close(&conn->uv.handle, on_closed);
}

/* Of its call not a byte was sent: it goes elsewhere, as if it had not been here. */
static void give_back(struct client_conn *conn)
{
	struct http_upstream *u = conn->upstream;
	struct http_call *c = detach(conn);

	client_conn_close(conn);
	upstream_place(u, c, NULL);
}

/* The other side is gone, or our patience with it. */
static void end(struct client_conn *conn)
{
	struct http_upstream *u = conn->upstream;
	struct http_call *c;
	bool answered = conn->answered;

	if (conn->due) {
		give_back(conn);
		return;
	}
	c = detach(conn);
	/* That a kept connection is closed under a request is nobody's fault. */
	if (c && conn->connected && (answered || !conn->used))
		judge(conn, false);
	client_conn_close(conn);
	if (!c)
		endpoint_doubted(&u->endpoints, conn->endpoint);
	else if (answered)
		upstream_finish(u, c, ERR_UNSURE);
	else
		upstream_try_again(u, c, conn->endpoint);
}

static void finish(struct client_conn *conn, enum err e, bool reusable)
{
	struct http_upstream *u = conn->upstream;
	struct http_call *c = detach(conn);

	if (e != ERR_OK)
		judge(conn, false);
	conn->used = true;
	if (!reusable)
		client_conn_close(conn);
	upstream_finish(u, c, e);
	/* Only now: on_done may have looked at the fields of this answer. */
	if (!conn->closing)
		upstream_conn_free(u, conn);
}

/* ---- reading ---- */

static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *space)
{
	struct client_conn *conn = container_of(handle, struct client_conn, uv.handle);

	(void)suggested;
	space->base = conn->upstream->read_space;
	space->len = UPSTREAM_READ_SIZE;
}

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

static void on_answer_head(struct response_reader *r)
{
	struct client_conn *conn = container_of(r, struct client_conn, reader);

	judge(conn, !is_failure(&r->answer));
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

	if (conn->due || !conn->call) { /* nobody asked */
		if (conn->due)
			give_back(conn);
		else
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

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *space)
{
	struct client_conn *conn = container_of(stream, struct client_conn, uv.stream);

	if (n > 0)
		take(conn, str_span(space->base, (size_t)n));
	else if (n == UV_EOF && conn->call && response_end(&conn->reader))
		finish(conn, ERR_OK, false);
	else if (n < 0)
		end(conn);
}

void client_conn_set_reading(struct client_conn *conn, bool on)
{
	if (on == conn->reading || conn->closing)
		return;
	conn->reading = on;
	conn->since_ms = uv_now(&conn->upstream->loop->uv);
	if (on)
		uv_read_start(&conn->uv.stream, on_space, on_read);
	else
		uv_read_stop(&conn->uv.stream);
}

/* ---- writing ---- */

static void on_written(uv_write_t *req, int status)
{
	struct client_conn *conn = container_of(req, struct client_conn, write);

	conn->writing = false;
	/* An answer may have come all the same: reading tells what became of the call. */
	if (status < 0 && status != UV_ECANCELED)
		client_conn_set_reading(conn, true);
}

/* Most requests leave whole at once; what is left of others is written later. */
static bool write_call(struct client_conn *conn, struct http_call *c)
{
	uv_buf_t parts[2] = {
		uv_buf_init((char *)c->head.ptr, (unsigned)c->head.len),
		uv_buf_init((char *)c->body.ptr, (unsigned)c->body.len),
	};
	unsigned count = c->body.len ? 2 : 1;
	int n = uv_try_write(&conn->uv.stream, parts, count);
	size_t sent = n > 0 ? (size_t)n : 0;

	if (n < 0 && n != UV_EAGAIN)
		return false;
	c->was_sent = true;
	if (sent == c->head.len + c->body.len)
		return true;
	if (sent >= c->head.len) {
		sent -= c->head.len;
		parts[0] = parts[1];
		count = 1;
	}
	parts[0].base += sent;
	parts[0].len -= sent;
	conn->writing = true;
	return uv_write(&conn->write, &conn->uv.stream, parts, count, on_written) == 0;
}

static void attach(struct client_conn *conn, struct http_call *c, struct list *list)
{
	list_push(list, &conn->link);
	conn->since_ms = uv_now(&conn->upstream->loop->uv);
	conn->call = c;
	if (c) {
		c->conn = conn;
		conn->endpoint->busy++;
		conn->decides = endpoint_asked(conn->endpoint);
	}
}

static bool start_call(struct client_conn *conn)
{
	struct http_call *c = conn->call;

	response_start(&conn->reader, c->head_only);
	conn->answered = false;
	return write_call(conn, c);
}

void client_conn_send(struct client_conn *conn, struct http_call *call)
{
	struct http_upstream *u = conn->upstream;

	list_del(&conn->link);
	attach(conn, call, &u->due);
	conn->due = true;
	loop_defer(u->loop, &u->sending);
}

void client_conn_send_due(struct http_upstream *u)
{
	struct list *link;

	while ((link = list_pop(&u->due))) {
		struct client_conn *conn = container_of(link, struct client_conn, link);

		list_push(&u->working, link);
		conn->due = false;
		if (start_call(conn))
			continue;
		if (conn->call->was_sent)
			end(conn);
		else
			give_back(conn);
	}
}

/* ---- connecting ---- */

static void connect_failed(struct client_conn *conn)
{
	endpoint_failed(&conn->upstream->endpoints, conn->endpoint);
	end(conn);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct client_conn *conn = container_of(req, struct client_conn, connecting);

	if (conn->closing)
		return;
	if (status < 0) {
		connect_failed(conn);
		return;
	}
	conn->connected = true;
	endpoint_reached(&conn->upstream->endpoints, conn->endpoint);
	client_conn_set_reading(conn, true);
	if (!conn->call)
		upstream_conn_free(conn->upstream, conn);
	else if (!start_call(conn))
		end(conn);
}

void client_conn_check(struct client_conn *conn, uint64_t now_ms)
{
	struct http_call *c = conn->call;

	if (!conn->connected && now_ms - conn->since_ms >= CONNECT_MS)
		connect_failed(conn);
	else if (c && !conn->answered && c->deadline_ms && now_ms >= c->deadline_ms)
		finish(conn, ERR_TIMEOUT, false);
	else if (c && conn->answered && conn->reading && now_ms - conn->since_ms >= GAP_MS)
		finish(conn, ERR_TIMEOUT, false);
}

void client_conn_open(struct http_upstream *u, struct endpoint *e, struct http_call *call)
{
	struct client_conn *conn = calloc(1, sizeof *conn);
	int rc = 0;

	if (!conn)
		abort();
	conn->reader.on_head = on_answer_head;
	conn->reader.on_body = on_answer_body;
	conn->upstream = u;
	conn->endpoint = e;
	u->connections++;
	e->connections++;
	attach(conn, call, &u->working);
	if (e->address.sa.sa_family == AF_UNIX) {
		uv_pipe_init(&u->loop->uv, &conn->uv.pipe, 0);
		uv_pipe_connect(&conn->connecting, &conn->uv.pipe,
			e->address.local.sun_path, on_connect);
	} else {
		uv_tcp_init(&u->loop->uv, &conn->uv.tcp);
		uv_tcp_nodelay(&conn->uv.tcp, 1);
		rc = uv_tcp_connect(
			&conn->connecting, &conn->uv.tcp, &e->address.sa, on_connect);
	}
	if (rc)
		connect_failed(conn);
}
