#include "app/admin.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "data/pg.h"
#include "http/reply.h"
#include "http/server.h"

const char *app_lacks(const struct app *app)
{
	if (!app->started)
		return "starting";
	if (app->draining && !app->retiring)
		return "draining";
	if (app->pg && !pg_is_up(app->pg))
		return "database";
	if (app->spec->ready && !app->spec->ready((struct app *)app))
		return "dependency";
	return NULL;
}

static outcome_t serve_ready(struct task *t)
{
	const char *lacks = app_lacks(t->app);
	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_z(w, "status", lacks ? "unavailable" : "ok");
	if (lacks)
		json_put_z(w, "reason", lacks);
	json_end(w);
	return reply_json(t, lacks ? 503 : 200);
}

static outcome_t serve_metrics(struct task *t)
{
	struct buf text = { 0 };
	struct str copy;

	*t->app->log_dropped = log_dropped();
	metrics_render(t->app->metrics, &text);
	copy = arena_dup(&t->arena, buf_str(&text));
	buf_fini(&text);
	return reply_bytes(t, 200, STR("text/plain; version=0.0.4; charset=utf-8"), copy);
}

outcome_t admin_serve(struct task *t)
{
	const struct http_request *r = http_req(t);

	if (r->method != HTTP_M_GET && r->method != HTTP_M_HEAD)
		return reply_problem(t, &PROBLEM_NOT_FOUND, NULL);
	if (str_eq(r->path, STR("/livez")))
		return reply_bytes(t, 200, STR("text/plain; charset=utf-8"), STR("ok\n"));
	if (str_eq(r->path, STR("/readyz")))
		return serve_ready(t);
	if (str_eq(r->path, STR("/metrics")))
		return serve_metrics(t);
	return reply_problem(t, &PROBLEM_NOT_FOUND, NULL);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_tcp(const char *host_port)
{
	const char *colon = strrchr(host_port, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	char host[256];
	int fd = -1;

	if (!colon)
		return -1;
	snprintf(host, sizeof host, "%.*s", (int)(colon - host_port), host_port);
	if (!strcmp(host, "0.0.0.0") || !host[0])
		snprintf(host, sizeof host,
			"127.0.0.1"); /* where it listens is not where to call */
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -1;
	for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

int admin_ask_ready(const char *admin_listen)
{
	static const char ask[] =
		"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	const struct timeval patience = { .tv_sec = 3 };
	bool is_unix = strncmp(admin_listen, "unix:", 5) == 0;
	int fd = is_unix ? connect_unix(admin_listen + 5) : connect_tcp(admin_listen);
	char answer[16] = "";
	bool ready = false;

	if (fd < 0)
		return 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (write(fd, ask, sizeof ask - 1) == (ssize_t)sizeof ask - 1 &&
		recv(fd, answer, 12, MSG_WAITALL) == 12)
		ready = strcmp(answer, "HTTP/1.1 200") == 0;
	close(fd);
	return !ready;
}
