/* The end of a request: one line in the log, one count in the metrics. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway.h"

#define CLASSES 6 /* 1xx to 5xx; 0: the client left */

static struct histogram *new_histogram(
	struct gateway *g, const struct public_route *route, unsigned class)
{
	char labels[256], status[16] = "none";

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

/* All of a line but its path, by a wide margin. */
#define LINE_ROOM  1024
#define PATH_SHOWN 256

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

/* Up to the path. Ids are checked text: nothing in them needs to be escaped. */
static void write_begin(struct task *t, struct buf *line)
{
	char *from = buf_reserve(line, LINE_ROOM), *at = PUT(from, "{\"ts\":\"");

	clock_rfc3339(clock_wall_us(), at);
	at += CLOCK_RFC3339_SIZE - 1;
	at = PUT(at,
		"\",\"level\":\"info\",\"service\":\"gateway\",\"event\":\"access\","
		"\"request_id\":\"");
	at = put(at, str_of(t->log.request_id));
	at = PUT(at, "\",\"trace_id\":\"");
	at = put(at, str_of(t->log.trace_id));
	at = PUT(at, "\",\"method\":\"");
	at = put(at, str_of(http_method_name(http_req(t)->method)));
	at = PUT(at, "\",\"path\":\"");
	line->len += (size_t)(at - from);
}

/* What follows the path. Addresses were read as such, routes are ours. */
static void write_rest(
	struct task *t, const struct visit *v, const struct http_done *d, struct buf *line)
{
	char *from = buf_reserve(line, LINE_ROOM), *at = PUT(from, "\"");

	if (v->route) {
		at = PUT(at, ",\"route\":\"");
		at = put(at, str_of(v->route->pattern));
		at = PUT(at, "\"");
	}
	at = PUT(at, ",\"status\":");
	at = put_u64(at, (uint64_t)d->status);
	at = PUT(at, ",\"bytes\":");
	at = put_u64(at, d->body_bytes);
	at = PUT(at, ",\"duration_us\":");
	at = put_u64(at, d->duration_us);
	if (v->answered_us) {
		at = PUT(at, ",\"upstream_us\":");
		at = put_u64(at, v->answered_us - v->asked_us);
	}
	at = PUT(at, ",\"client\":\"");
	at = put(at, v->client);
	if (t->caller) {
		at = PUT(at, "\",\"user_id\":\"");
		uuid_format(&t->caller->user_id, at);
		at += UUID_TEXT_SIZE - 1;
	}
	at = d->cut ? PUT(at, "\",\"cut\":true}") : PUT(at, "\"}");
	line->len += (size_t)(at - from);
}

static void write_line(struct task *t, const struct visit *v, const struct http_done *d)
{
	struct buf *line = &gateway_of(t)->line; /* kept: the next one needs as much */
	struct str path = http_req(t)->path;

	buf_clear(line);
	write_begin(t, line);
	json_escape(line, path.len < PATH_SHOWN ? path : str_span(path.ptr, PATH_SHOWN));
	write_rest(t, v, d, line);
	log_raw(buf_str(line));
}

void access_log_done(struct task *t, const struct http_done *d)
{
	struct gateway *g = gateway_of(t);

	count(g, t->state, d);
	if (g->access_log)
		write_line(t, t->state, d);
}
