#include "tests/lib/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- the server ---- */

void web_open(struct web *w)
{
	w->closed = false;
	w->app.spec = &w->spec;
	loop_init(&w->app.loop);
	w->o.app = &w->app;
	if (!w->o.listen)
		w->o.listen = "127.0.0.1:0";
	if (http_server_open(&w->app.loop, &w->o, &w->server) != ERR_OK)
		abort();
}

static void on_closed(void *ctx)
{
	struct web *w = ctx;

	w->closed = true;
}

void web_close(struct web *w)
{
	http_server_close(&w->server, on_closed, w);
	TURN_UNTIL(&w->app.loop, w->closed);
	loop_fini(&w->app.loop);
}

/* ---- a client ---- */

static int connect_to(struct web *w)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	bool is_unix = strncmp(w->o.listen, "unix:", 5) == 0;
	int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (is_unix) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", w->o.listen + 5);
		rc = connect(fd, (struct sockaddr *)&un, sizeof un);
	} else {
		in.sin_port = htons((uint16_t)http_server_port(w->server));
		rc = connect(fd, (struct sockaddr *)&in, sizeof in);
	}
	if (rc != 0)
		abort();
	return fd;
}

void client_open(struct client *c, struct web *w)
{
	unsigned before = http_server_connections(w->server);

	*c = (struct client){ .w = w, .fd = connect_to(w) };
	for (int i = 0; i < 20 && http_server_connections(w->server) == before; i++)
		turn_once(&w->app.loop);
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_fini(&c->got);
	buf_fini(&c->head);
	buf_fini(&c->body);
}

void client_say(struct client *c, struct str bytes)
{
	uint64_t until = clock_mono_ms() + 20000;

	while (bytes.len && clock_mono_ms() < until) {
		ssize_t n = send(c->fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN) {
			c->reset = true;
			return;
		}
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
		loop_turn(&c->w->app.loop, false);
	}
}

void client_look(struct client *c)
{
	ssize_t n;

	turn_once(&c->w->app.loop);
	do {
		char *at = buf_reserve(&c->got, 65536);

		n = recv(c->fd, at, 65536, MSG_DONTWAIT);
		if (n > 0)
			c->got.len += (size_t)n;
	} while (n > 0);
	if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN)
		c->reset = true;
}

/* ---- reading answers ---- */

static size_t end_of_head(const struct buf *b)
{
	const char *at = b->len ? memmem(b->ptr, b->len, "\r\n\r\n", 4) : NULL;

	return at ? (size_t)(at - b->ptr) + 4 : 0;
}

struct str client_field(const struct client *c, const char *name)
{
	struct str rest = buf_str(&c->head), line, want = str_of(name);

	while (str_cut(&rest, '\n', &line)) {
		if (line.len > want.len && line.ptr[want.len] == ':' &&
			str_eq_nocase(str_span(line.ptr, want.len), want))
			return str_trim(
				str_span(line.ptr + want.len + 1, line.len - want.len - 2));
	}
	return STR_NONE;
}

bool client_has(const struct client *c, const char *line)
{
	char whole[300];
	int n = snprintf(whole, sizeof whole, "\r\n%s\r\n", line);

	return memmem(c->head.ptr, c->head.len, whole, (size_t)n) != NULL;
}

/* The chunks after the head, joined; 0 if they are not whole yet. */
static size_t join_chunks(const struct buf *got, size_t at, struct buf *body)
{
	for (;;) {
		char *end = at < got->len ? memmem(got->ptr + at, got->len - at, "\r\n", 2)
					  : NULL;
		size_t size = end ? strtoul(got->ptr + at, NULL, 16) : 0;

		if (!end)
			return 0;
		at = (size_t)(end - got->ptr) + 2;
		if (got->len < at + size + 2)
			return 0;
		buf_add(body, got->ptr + at, size);
		at += size + 2;
		if (size == 0)
			return at;
	}
}

/* Bytes of the answer in c->got, head and all; 0 while it is not whole. */
static size_t take_answer(struct client *c, size_t head)
{
	struct str length = client_field(c, "Content-Length");
	uint64_t n = 0;

	buf_clear(&c->body);
	if (client_has(c, "Transfer-Encoding: chunked"))
		return join_chunks(&c->got, head, &c->body);
	if (!length.ptr) {
		if (!client_has(c, "Connection: close"))
			return head; /* 100, 204, 304 */
		if (!c->eof)
			return 0;
		n = c->got.len - head;
	} else if (!str_u64(length, &n) || c->got.len - head < n) {
		return 0;
	}
	buf_add(&c->body, c->got.ptr + head, n);
	return head + n;
}

static bool has_answer(struct client *c)
{
	size_t head = end_of_head(&c->got), all;

	if (head == 0)
		return false;
	buf_clear(&c->head);
	buf_add(&c->head, c->got.ptr, head);
	all = take_answer(c, head);
	if (all == 0)
		return false;
	c->status = (int)strtol(c->got.ptr + 9, NULL, 10);
	buf_consume(&c->got, all);
	return true;
}

int client_answer(struct client *c)
{
	uint64_t until = clock_mono_ms() + 20000;

	while (clock_mono_ms() < until) {
		if (has_answer(c))
			return c->status;
		if (c->eof || c->reset)
			return 0;
		client_look(c);
	}
	return 0;
}

bool client_sees_end(struct client *c)
{
	TURN_UNTIL(&c->w->app.loop, (client_look(c), c->eof || c->reset));
	return c->eof && !c->reset;
}
