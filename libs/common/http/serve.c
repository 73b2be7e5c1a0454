#include "http/serve.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/exchange.h"
#include "http/route.h"
#include "secure/token.h"

static const struct problem not_allowed = { 405, "method_not_allowed",
	"Method not allowed" };
static const struct problem too_late = { 503, "timeout",
	"The caller's deadline has passed" };

/* ---- http_server_request_duration_seconds, one histogram per route and status class ----
 */

#define CLASSES 5

static size_t count_routes(const struct route *table)
{
	size_t n = 0;

	while (table && table[n].pattern)
		n++;
	return n;
}

static struct histogram *new_histogram(
	struct app *app, const struct route *route, unsigned class)
{
	char labels[256];

	snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",status=\"%uxx\"",
		route ? route->pattern : "none",
		route ? http_method_name(route->method) : "any", class);
	return metrics_histogram(app->metrics, "http_server_request_duration_seconds",
		"Time from a whole request head to the whole answer.", labels);
}

/* Requests that no route was found for share the last row. */
static void observe(struct task *t, const struct http_done *d)
{
	struct http_exchange *x = t->http;
	struct http_server *s = x->server;
	const struct route *table = t->app->spec->routes;
	size_t rows = count_routes(table),
	       row = x->route ? (size_t)(x->route - table) : rows;
	unsigned class = (unsigned)d->status / 100;
	struct histogram **h;

	if (class < 1 || class > CLASSES)
		return;
	if (!s->route_times)
		s->route_times = calloc((rows + 1) * CLASSES, sizeof *s->route_times);
	if (!s->route_times)
		abort();
	h = &s->route_times[row * CLASSES + class - 1];
	if (!*h)
		*h = new_histogram(t->app, x->route, class);
	histogram_observe_us(*h, d->duration_us);
}

/* ---- before the body ---- */

static void refuse_route(struct task *t)
{
	const struct http_request *r = http_req(t);
	char allowed[80];

	route_allowed(t->app->spec->routes, r->path, allowed, sizeof allowed);
	if (!allowed[0]) {
		(void)!reply_problem(t, &PROBLEM_NOT_FOUND, NULL).said_;
		return;
	}
	reply_header(t, STR("Allow"), str_of(allowed));
	(void)!reply_problem(t, &not_allowed, NULL).said_;
}

static bool check_token(struct task *t)
{
	struct identity *who = arena_new(&t->arena, struct identity);
	const struct head *h = &t->http->intake.head;
	struct str token;

	if (!t->app->verifier || !token_of_header(h->known[HEAD_AUTHORIZATION], &token) ||
		verifier_check(t->app->verifier, token, who) != ERR_OK)
		return false;
	t->caller = who;
	return true;
}

static bool asks_token(const struct route *route)
{
	return route->auth == ROUTE_USER || route->auth == ROUTE_TICKET;
}

static bool has_ticket(struct task *t, const struct route *route)
{
	return route->auth == ROUTE_TICKET && http_brings_ticket(&t->http->req);
}

bool routes_admit(struct task *t, size_t *body_max)
{
	struct http_exchange *x = t->http;
	struct http_request *r = &x->req;
	const struct route *route = route_find(
		t->app->spec->routes, r->method, r->path, r->param);

	x->route = route;
	if (t->app->metrics)
		x->done = observe;
	if (!route) {
		refuse_route(t);
		return false;
	}
	exchange_set_deadline(
		x, route->deadline_ms ? route->deadline_ms : ROUTE_DEADLINE_MS);
	if (x->asked_ms == 0) {
		(void)!reply_problem(t, &too_late, NULL).said_;
		return false;
	}
	if (asks_token(route) && !has_ticket(t, route) && !check_token(t)) {
		(void)!reply_problem(t, &PROBLEM_UNAUTHORIZED, NULL).said_;
		return false;
	}
	*body_max = route->body_max ? route->body_max : ROUTE_BODY_MAX;
	return true;
}

/* ---- the handler ---- */

outcome_t routes_serve(struct task *t)
{
	return t->http->route->handler(t);
}
