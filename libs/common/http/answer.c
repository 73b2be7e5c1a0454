#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "http/conn.h"
#include "http/octet.h"

/* What every answer's head needs besides names and values of its own fields. */
#define HEAD_ROOM 640

static char *put(char *at, struct str s)
{
	memcpy(at, s.ptr, s.len);
	return at + s.len;
}
#define PUT(at, literal) put((at), STR(literal))

static char *put_u64(char *at, uint64_t n)
{
	char room[STR_U64_SIZE];

	return put(at, str_of_u64(n, room));
}

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT", made once a second. */
static struct str date_line(struct http_server *s)
{
	int64_t now_s = clock_wall_s();
	time_t t = (time_t)now_s;
	struct tm tm;

	if (now_s != s->date_s) {
		gmtime_r(&t, &tm);
		strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		s->date_s = now_s;
	}
	return str_span(s->date, 29);
}

static bool is_good_field(struct str name, struct str value)
{
	return name.len && octet_span(name, OCTET_NAME) == name.len &&
	       octet_span(value, OCTET_VALUE) == value.len;
}

/* ---- fields of reply_header ---- */

static void note_field(struct http_exchange *x, struct str name)
{
	if (name.len < 11) /* shorter than all that matter */
		return;
	if (str_eq_nocase(name, STR("Cache-Control")))
		x->has_cache_control = true;
	else if (str_eq_nocase(name, STR("Retry-After")))
		x->has_retry_after = true;
	else if (str_eq_nocase(name, STR("Content-Type")))
		x->has_content_type = true;
	else if (str_eq_nocase(name, STR("WWW-Authenticate")))
		x->has_www_authenticate = true;
}

bool answer_add_field(struct http_exchange *x, struct str name, struct str value)
{
	char *at;

	if (!is_good_field(name, value))
		return false;
	at = buf_reserve(&x->fields, name.len + value.len + 4);
	at = put(at, name);
	at = PUT(at, ": ");
	at = put(at, value);
	PUT(at, "\r\n");
	x->fields.len += name.len + value.len + 4;
	note_field(x, name);
	return true;
}

/* ---- the head ---- */

static char *put_status(char *at, int status)
{
	at = PUT(at, "HTTP/1.1 ");
	at = put_u64(at, (uint64_t)status);
	*at++ = ' ';
	return put(at, str_of(http_status_text(status)));
}

static bool has_no_body(int status)
{
	return status < 200 || status == 204 || status == 304;
}

static char *put_framing(struct http_exchange *x, char *at, int64_t length)
{
	if (has_no_body(x->status))
		return at;
	if (length >= 0) {
		at = PUT(at, "\r\nContent-Length: ");
		return put_u64(at, (uint64_t)length);
	}
	x->chunked = !x->req.http10;
	if (x->chunked)
		return PUT(at, "\r\nTransfer-Encoding: chunked");
	x->closes = true; /* the end of the connection is the end of the body */
	return at;
}

static char *put_connection(const struct http_exchange *x, char *at)
{
	if (x->closes)
		return PUT(at, "\r\nConnection: close");
	return x->req.http10 ? PUT(at, "\r\nConnection: keep-alive") : at;
}

/* A request whose rest is not worth reading ends its connection. */
#define DISCARD_MAX (64u << 10)

static bool must_close(const struct http_exchange *x)
{
	const struct conn *c = x->conn;
	const struct head *h = &x->intake.head;

	if (!x->req.keep_alive || c->eof || x->server->draining)
		return true;
	if (c->requests >= x->server->o.requests_max)
		return true;
	return c->state == CONN_BODY &&
	       (h->chunked || h->expects_continue || h->length > DISCARD_MAX);
}

static void write_head(struct http_exchange *x, struct str content_type, int64_t length)
{
	struct buf *out = conn_out(x->conn);
	size_t more = HEAD_ROOM + content_type.len + x->fields.len;
	char *from = buf_reserve(out, more), *at = from;

	at = put_status(at, x->status);
	at = PUT(at, "\r\nDate: ");
	at = put(at, date_line(x->server));
	if (content_type.len) {
		at = PUT(at, "\r\nContent-Type: ");
		at = put(at, content_type);
	}
	at = put_framing(x, at, length);
	at = PUT(at, "\r\nX-Request-Id: ");
	at = put(at, str_of(x->task.log.request_id));
	at = PUT(at, "\r\nX-Content-Type-Options: nosniff");
	if (!x->has_cache_control)
		at = PUT(at, "\r\nCache-Control: no-store");
	at = put_connection(x, at);
	if (x->server->hsts.len)
		at = put(at, x->server->hsts);
	at = PUT(at, "\r\n");
	if (x->fields.len)
		at = put(at, buf_str(&x->fields));
	at = PUT(at, "\r\n");
	out->len += (size_t)(at - from);
}

void answer_begin(
	struct http_exchange *x, int status, struct str content_type, int64_t length)
{
	x->status = status;
	x->unheard = x->task.canceled && !x->handed_over;
	x->bodiless = x->req.method == HTTP_M_HEAD || has_no_body(status);
	if (!x->conn)
		return;
	if (octet_span(content_type, OCTET_VALUE) != content_type.len ||
		x->has_content_type)
		content_type = STR_NONE;
	x->closes = x->closes || must_close(x);
	write_head(x, content_type, length);
	conn_dirty(x->conn);
}

void answer_body(struct http_exchange *x, struct str bytes)
{
	if (!x->conn || x->bodiless || bytes.len == 0)
		return;
	buf_add_str(conn_out(x->conn), bytes);
	x->body_bytes += bytes.len;
	conn_dirty(x->conn);
}

void answer_continue(struct http_exchange *x)
{
	buf_add_str(conn_out(x->conn), STR("HTTP/1.1 100 Continue\r\n\r\n"));
	conn_dirty(x->conn);
}
