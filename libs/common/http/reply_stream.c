#include <assert.h>
#include <stdio.h>
#include <sys/socket.h>

#include "http/conn.h"

/* A writer that fills the buffer within one turn should not wait for the turn's end. */
#define FLUSH_AT (64u << 10)

/* ---- relayed answers ---- */

static bool is_made_here(struct str name)
{
	static const struct str made[] = { STR("Date"), STR("X-Request-Id"),
		STR("Content-Length"), STR("X-Content-Type-Options") };

	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		if (name.len == made[i].len && str_eq_nocase(name, made[i]))
			return true;
	}
	return false;
}

static void note_events(struct http_exchange *x, struct str type)
{
	if (http_is_event_stream(type))
		x->events = true;
}

static void add_fields(struct task *t, const struct http_header *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(fields[i].name, STR("Content-Type")))
			note_events(t->http, fields[i].value);
		if (!is_made_here(fields[i].name) && !http_is_hop_by_hop(fields[i].name))
			reply_header(t, fields[i].name, fields[i].value);
	}
}

outcome_t reply_relay(struct task *t, int status, const struct http_header *fields,
	size_t n, struct str body)
{
	add_fields(t, fields, n);
	return reply_bytes(t, status, STR_NONE, body);
}

/* ---- streams ---- */

static void begin(struct task *t, int status, struct str content_type, int64_t length)
{
	struct http_exchange *x = t->http;

	assert(!x->status);
	x->streaming = true;
	x->length = length;
	note_events(x, content_type);
	answer_begin(x, status, content_type, length);
}

void reply_relay_begin(struct task *t, int status, const struct http_header *fields,
	size_t n, int64_t length)
{
	add_fields(t, fields, n);
	begin(t, status, STR_NONE, length);
}

void reply_stream_begin(struct task *t, int status, struct str content_type)
{
	begin(t, status, content_type, -1);
}

/* The task is told by task_cancel, as if the client had left. */
static void break_off(struct http_exchange *x, const char *why)
{
	log_warn("stream-broken-off", L_Z("why", why), L_INT("sent", x->body_bytes));
	x->cut = true;
	conn_close(x->conn);
}

static void write_chunk(struct http_exchange *x, struct str bytes)
{
	struct buf *out = conn_out(x->conn);
	char size[20];
	int n = snprintf(size, sizeof size, "%zx\r\n", bytes.len);

	buf_reserve(out, (size_t)n + bytes.len + 2);
	buf_add(out, size, (size_t)n);
	answer_body(x, bytes);
	buf_add(out, "\r\n", 2);
}

/* An event ends with an empty line. */
static void note_boundary(struct http_exchange *x, struct str bytes)
{
	char before = bytes.len > 1 ? bytes.ptr[bytes.len - 2] : x->last;

	x->last = bytes.ptr[bytes.len - 1];
	x->mid_event = x->last != '\n' || before != '\n';
}

bool stream_end_early(struct http_exchange *x)
{
	char hint[40];
	int n;

	if (!x->events || x->mid_event || !x->streaming || x->length >= 0)
		return false;
	/* Not all at the same moment. */
	n = snprintf(
		hint, sizeof hint, "retry: %u\n\n", 100 + (unsigned)random_below(1900));
	if (x->chunked && !x->bodiless) {
		write_chunk(x, str_span(hint, (size_t)n));
		buf_add_str(conn_out(x->conn), STR("0\r\n\r\n"));
	}
	return true;
}

void reply_stream_write(struct task *t, struct str bytes)
{
	struct http_exchange *x = t->http;

	assert(x->streaming);
	if (!x->conn || x->bodiless || bytes.len == 0)
		return;
	if (conn_waiting(x->conn) > x->server->o.waiting_max) {
		break_off(x, "the client does not read");
		return;
	}
	if (x->length >= 0 && bytes.len > (uint64_t)x->length - x->body_bytes) {
		break_off(x, "longer than announced");
		return;
	}
	if (x->chunked)
		write_chunk(x, bytes);
	else
		answer_body(x, bytes);
	note_boundary(x, bytes);
	if (x->conn->out.len >= FLUSH_AT)
		conn_flush(x->conn);
}

size_t reply_stream_waiting(const struct task *t)
{
	return t->http->conn ? conn_waiting(t->http->conn) : 0;
}

static void drained_canceled(struct task *t, void *ctx)
{
	(void)ctx;
	t->http->drain_below = 0;
	task_wake_soon(t, ERR_CANCELED);
}

outcome_t reply_stream_drained(struct task *t, size_t bytes, step_fn *next)
{
	struct http_exchange *x = t->http;

	if (t->canceled || !x->conn)
		return task_continue(t, ERR_CANCELED, next);
	if (conn_waiting(x->conn) < bytes)
		return task_continue(t, ERR_OK, next);
	x->drain_below = bytes;
	task_on_cancel(t, drained_canceled, NULL);
	return task_wait(t, next);
}

outcome_t reply_stream_end(struct task *t)
{
	struct http_exchange *x = t->http;
	outcome_t said = task_said_end(t);

	assert(x->streaming);
	if (x->conn && !x->bodiless && x->length >= 0 &&
		(uint64_t)x->length != x->body_bytes)
		break_off(x, "shorter than announced");
	if (x->conn && x->chunked && !x->bodiless)
		buf_add_str(conn_out(x->conn), STR("0\r\n\r\n"));
	exchange_end(x);
	return said;
}

/* Where only the end of the connection would end the body, a reset tells it from that. */
static void close_by_reset(struct conn *c)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	if (c->sock.fd >= 0)
		setsockopt(c->sock.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

outcome_t reply_stream_abort(struct task *t)
{
	struct http_exchange *x = t->http;
	outcome_t said = task_said_end(t);

	if (x->conn)
		conn_flush(x->conn);
	if (x->conn && !x->chunked && x->length < 0)
		close_by_reset(x->conn);
	if (x->conn)
		break_off(x, "asked for");
	exchange_end(x);
	return said;
}
