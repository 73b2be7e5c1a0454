/*
 * http_server_bench - what one request through our HTTP server costs, in CPU time of the
 * server's process, with wrk as the client on the same machine.
 *
 *   http_server_bench [seconds] [connections]      default 5 and 64; needs wrk in PATH
 *   http_server_bench serve [host:port]            only the server, until SIGTERM
 *
 * One line per kind of request: requests per second, microseconds of user and system time
 * per request.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "app/app.h"
#include "http/reply.h"
#include "http/serve.h"
#include "http/server.h"

static struct app app;
static uint64_t served;

static outcome_t say_hello(struct task *t)
{
	struct json_writer *w = reply_body(t);

	served++;
	json_object(w, NULL);
	json_put_z(w, "message", "hello");
	json_put_i64(w, "served", (int64_t)served);
	json_end(w);
	return reply_json(t, 200);
}

static outcome_t woken(struct task *t, enum err e)
{
	(void)e;
	return say_hello(t);
}

static outcome_t wait_a_turn(struct task *t)
{
	return task_continue(t, ERR_OK, woken);
}

static const struct route routes[] = {
	{ HTTP_M_GET, "/hello", say_hello, ROUTE_PUBLIC },
	{ HTTP_M_GET, "/wait", wait_a_turn, ROUTE_PUBLIC },
	{ HTTP_M_POST, "/chatroom/{id}/message", say_hello, ROUTE_PUBLIC },
	{ 0 },
};
static const struct app_spec spec = { .name = "bench", .routes = routes };

/* ---- one run of wrk ---- */

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void on_exit_of_wrk(uv_process_t *p, int64_t status, int signum)
{
	(void)status;
	(void)signum;
	uv_close((uv_handle_t *)p, NULL);
	uv_stop(p->loop);
}

static void run_wrk(const char *what, char **args)
{
	uv_stdio_container_t quiet[3] = { { .flags = UV_IGNORE }, { .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 } };
	uv_process_options_t o = { .file = "wrk",
		.args = args,
		.stdio = quiet,
		.stdio_count = 3,
		.exit_cb = on_exit_of_wrk };
	struct rusage before, after;
	uint64_t from = served, began = uv_hrtime();
	uv_process_t wrk;
	double n, s;

	if (uv_spawn(&app.loop.uv, &wrk, &o) != 0) {
		fprintf(stderr, "wrk is not here\n");
		exit(1);
	}
	getrusage(RUSAGE_SELF, &before);
	loop_run(&app.loop);
	getrusage(RUSAGE_SELF, &after);
	s = (double)(uv_hrtime() - began) / 1e9;
	n = (double)(served - from);
	printf("%-28s %9.0f req/s   %5.2f us user   %5.2f us system\n", what, n / s,
		1e6 * (seconds(after.ru_utime) - seconds(before.ru_utime)) / n,
		1e6 * (seconds(after.ru_stime) - seconds(before.ru_stime)) / n);
}

static void measure(unsigned port, char *duration, char *connections)
{
	char url[80], script[] = "/tmp/castor-bench-XXXXXX";
	int fd = mkstemp(script);
	FILE *lua = fdopen(fd, "w");
	char *get[] = { "wrk", "-t1", "-c", connections, "-d", duration, url, NULL };
	char *post[] = { "wrk", "-t1", "-c", connections, "-d", duration, "-s", script, url,
		NULL };

	fprintf(lua,
		"wrk.method = \"POST\"\nwrk.body = '{\"content\":\"hello there\"}'\n"
		"wrk.headers[\"Content-Type\"] = \"application/json\"\n"
		"wrk.headers[\"Idempotency-Key\"] = "
		"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"\n");
	fclose(lua);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/hello", port);
	run_wrk("GET, answered at once", get);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/wait", port);
	run_wrk("GET, answered after a wait", get);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/chatroom/1/message", port);
	run_wrk("POST, six headers and a body", post);
	unlink(script);
}

static void on_term(uv_signal_t *sig, int signum)
{
	(void)signum;
	uv_stop(sig->loop);
}

static void serve_until_term(void)
{
	uv_signal_t term;

	uv_signal_init(&app.loop.uv, &term);
	uv_signal_start(&term, on_term, SIGTERM);
	loop_run(&app.loop);
	uv_close((uv_handle_t *)&term, NULL);
	loop_turn(&app.loop, false);
}

int main(int argc, char **argv)
{
	bool only_serve = argc > 1 && !strcmp(argv[1], "serve");
	struct http_server_options o = { .app = &app,
		.listen = only_serve && argc > 2 ? argv[2] : "127.0.0.1:0",
		.serve = routes_serve,
		.admit = routes_admit,
		.requests_max = 1000000000 };
	struct http_server *server;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	app.spec = &spec;
	app.metrics = metrics_new();
	loop_init(&app.loop);
	if (http_server_open(&app.loop, &o, &server) != ERR_OK)
		return 1;
	if (only_serve)
		serve_until_term();
	else
		measure(http_server_port(server), argc > 1 ? argv[1] : "5",
			argc > 2 ? argv[2] : "64");
	http_server_close(&server, NULL, NULL);
	loop_run(&app.loop);
	loop_fini(&app.loop);
	metrics_free(&app.metrics);
	return 0;
}
