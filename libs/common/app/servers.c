#include "app/servers.h"

#include "app/admin.h"
#include "app/app.h"
#include "http/serve.h"
#include "http/server.h"
#include "http/tls_context.h"

/* ---- what they tell: both public ones together ---- */

static double active_requests(void *ctx)
{
	const struct app *app = ctx;

	return (app->server ? http_server_requests(app->server) : 0) +
	       (app->tls_server ? http_server_requests(app->tls_server) : 0);
}

static double connections(void *ctx)
{
	const struct app *app = ctx;

	return (app->server ? http_server_connections(app->server) : 0) +
	       (app->tls_server ? http_server_connections(app->tls_server) : 0);
}

static double request_bytes(void *ctx)
{
	const struct app *app = ctx;

	return (double)(app->server ? http_server_held(app->server) : 0) +
	       (double)(app->tls_server ? http_server_held(app->tls_server) : 0);
}

static double answer_bytes(void *ctx)
{
	const struct app *app = ctx;

	return (double)(app->server ? http_server_unsent(app->server) : 0) +
	       (double)(app->tls_server ? http_server_unsent(app->tls_server) : 0);
}

static void open_server_metrics(struct app *app, struct http_server_options *o)
{
	static const char memory[] = "http_server_memory_bytes",
			  memory_help[] =
				  "Requests not yet answered, answers not yet taken.";

	o->refused = metrics_counter(app->metrics, "http_server_refused_total",
		"Requests refused for what they were: malformed, too large, too slow.",
		NULL);
	metrics_gauge_fn(app->metrics, "http_server_active_requests",
		"Requests that are not answered yet, streams included.", NULL,
		active_requests, app);
	metrics_gauge_fn(app->metrics, "http_server_connections", "Connections of clients.",
		NULL, connections, app);
	metrics_gauge_fn(
		app->metrics, memory, memory_help, "of=\"requests\"", request_bytes, app);
	metrics_gauge_fn(
		app->metrics, memory, memory_help, "of=\"answers\"", answer_bytes, app);
}

/* ---- opening ---- */

/* The socket goes along: into the server. */
static enum err open_server(
	struct app *app, struct http_server_options o, int *fd, struct http_server **server)
{
	o.app = app;
	o.fd = *fd;
	*fd = 0;
	return http_server_open(&app->loop, &o, server);
}

enum err admin_open(struct app *app)
{
	struct http_server_options o = { .listen = app->set.admin_listen,
		.serve = admin_serve,
		.connections_max = 100 };

	return open_server(app, o, &app->admin_fd, &app->admin);
}

enum err servers_open(struct app *app)
{
	const struct app_spec *spec = app->spec;
	struct http_server_options o = { .listen = app->set.listen,
		.serve = spec->serve ? spec->serve : routes_serve,
		.admit = spec->serve ? spec->admit : routes_admit };
	enum err e;

	if (!(spec->uses & USES_HTTP))
		return ERR_OK;
	open_server_metrics(app, &o);
	if (spec->uses & USES_EDGE)
		edge_options(app, &o);
	e = open_server(app, o, &app->listen_fd, &app->server);
	if (e != ERR_OK || !app->edge.tls)
		return e;
	tls_context_share(app->edge.tls, app->seat ? app->seat->tickets : NULL);
	o.listen = app->edge.tls_listen;
	o.tls = app->edge.tls;
	o.hsts_s = (unsigned)app->edge.hsts_s;
	return open_server(app, o, &app->tls_fd, &app->tls_server);
}
