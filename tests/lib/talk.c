#include "tests/lib/talk.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

static int connect_path(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_port(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_to(const char *where)
{
	struct timeval patience = { .tv_sec = 20 };
	int port, fd;

	fd = sscanf(where, "127.0.0.1:%d", &port) == 1 ? connect_port(port)
						       : connect_path(where);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void write_request(struct buf *out, const struct talk *q)
{
	const char *method = q->method ? q->method : q->body ? "POST" : "GET";

	buf_addf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method,
		q->path);
	if (q->token)
		buf_addf(out, "Authorization: Bearer %s\r\n", q->token);
	if (q->headers)
		buf_add_str(out, str_of(q->headers));
	if (q->body)
		buf_addf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
			q->type ? q->type : "application/json", strlen(q->body));
	buf_add_str(out, STR("\r\n"));
	buf_add_str(out, str_of(q->body));
}

int talk_send(const char *socket, const struct talk *q)
{
	int fd = connect_to(socket);
	struct buf out = { 0 };
	size_t sent = 0;
	ssize_t n;

	write_request(&out, q);
	while (fd >= 0 && sent < out.len) {
		n = send(fd, out.ptr + sent, out.len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break; /* it has answered and closed already: there may be something
				  to read */
		sent += (size_t)n;
	}
	buf_fini(&out);
	return fd;
}

static void parse(struct arena *a, struct str text, struct answer *r)
{
	const char *why;
	size_t at = 0;

	while (at + 4 <= text.len && memcmp(text.ptr + at, "\r\n\r\n", 4) != 0)
		at++;
	if (at + 4 > text.len || sscanf(text.ptr, "HTTP/1.1 %3d", &r->status) != 1)
		return;
	r->head = str_span(text.ptr, at + 2);
	r->body = str_from(text, at + 4);
	if (json_parse(a, r->body, NULL, &r->json, &why) != ERR_OK)
		r->json = NULL;
}

struct answer talk_read(struct arena *a, int fd)
{
	struct answer r = { 0 };
	struct buf in = { 0 };
	ssize_t n;

	if (fd < 0)
		return r;
	while ((n = recv(fd, buf_reserve(&in, 65536), 65536, 0)) > 0)
		in.len += (size_t)n;
	close(fd);
	parse(a, str_span(arena_cstr(a, buf_str(&in)), in.len), &r);
	buf_fini(&in);
	return r;
}

struct answer talk(struct arena *a, const char *socket, const struct talk *q)
{
	return talk_read(a, talk_send(socket, q));
}

struct str answer_header(const struct answer *r, struct str name)
{
	struct str rest = r->head, line;

	while (str_cut(&rest, '\n', &line)) {
		size_t colon = str_find(line, ':');

		if (colon < line.len && str_eq_nocase(str_span(line.ptr, colon), name))
			return str_trim(
				str_span(line.ptr + colon + 1, line.len - colon - 2));
	}
	return STR_NONE;
}

struct str answer_str(const struct answer *r, const char *path)
{
	return json_text(json_at(r->json, path));
}

const char *answer_z(struct arena *a, const struct answer *r, const char *path)
{
	return arena_cstr(a, answer_str(r, path));
}
