/* The end of a request: one line in the log, one count in the metrics. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway.h"

#define CLASSES 6 /* 1xx to 5xx; 0: the client left */

static struct histogram *new_histogram(
	struct gateway *g, const struct public_route *route, unsigned class)
{
	char labels[256], status[8] = "none";

	if (class)
		snprintf(status, sizeof status, "%uxx", class);
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",status=\"%s\"",
		route ? route->pattern : "none",
		route ? http_method_name(route->method) : "any", status);
	return metrics_histogram(g->app->metrics, "http_server_request_duration_seconds",
		"Time from a whole request head to the whole answer.", labels);
}

/* Requests that no route was found for share the last row. */
static void count(struct gateway *g, const struct visit *v, const struct http_done *d)
{
	size_t row = v->route ? (size_t)(v->route - g->routes) : ROUTES_MAX;
	unsigned class = d->status > 0 && d->status < 600 ? (unsigned)d->status / 100 : 0;
	struct histogram **h = &g->times[row][class];

	if (!*h)
		*h = new_histogram(g, v->route, class);
	histogram_observe_us(*h, d->duration_us);
}

static void write_line(struct task *t, const struct visit *v, const struct http_done *d)
{
	struct buf *line = &gateway_of(t)->line; /* kept: the next one needs as much */
	const struct http_request *r = http_req(t);
	struct json_writer w;

	buf_clear(line);
	w = json_writer(line);
	json_object(&w, NULL);
	json_put_time(&w, "ts", clock_wall_us());
	json_put_z(&w, "level", "info");
	json_put_z(&w, "service", "gateway");
	json_put_z(&w, "event", "access");
	json_put_z(&w, "request_id", t->log.request_id);
	json_put_z(&w, "trace_id", t->log.trace_id);
	json_put_z(&w, "method", http_method_name(r->method));
	json_put_str(&w, "path", r->path.len < 256 ? r->path : str_span(r->path.ptr, 256));
	if (v->route)
		json_put_z(&w, "route", v->route->pattern);
	json_put_i64(&w, "status", d->status);
	json_put_i64(&w, "bytes", (int64_t)d->body_bytes);
	json_put_i64(&w, "duration_us", (int64_t)d->duration_us);
	if (v->answered_us)
		json_put_i64(&w, "upstream_us", (int64_t)(v->answered_us - v->asked_us));
	json_put_str(&w, "client", v->client);
	if (t->caller)
		json_put_uuid(&w, "user_id", &t->caller->user_id);
	if (d->cut)
		json_put_bool(&w, "cut", true);
	json_end(&w);
	log_raw(buf_str(line));
}

void access_log_done(struct task *t, const struct http_done *d)
{
	struct gateway *g = gateway_of(t);

	count(g, t->state, d);
	if (g->access_log)
		write_line(t, t->state, d);
}
