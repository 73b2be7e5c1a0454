#include "http/client.h"

#include <assert.h>
#include <stdlib.h>

#include "http/upstream.h"

#define TICK_MS    100
#define IDLE_MS    30000 /* less than our servers keep a silent connection open */
#define TRIES_MAX  3     /* addresses that a call is tried at */
#define CONNECT_MS 1000
#define GAP_MS     60000 /* streams send something every 15 s */

/* ---- the end of a call ---- */

void upstream_finish(struct http_upstream *u, struct http_call *c, enum err e)
{
	u->in_flight--;
	c->upstream = NULL;
	c->events->on_done(c, e);
}

/* on_done follows at the end of the turn: whoever sends is not called back from inside. */
static void fail(struct http_upstream *u, struct http_call *c)
{
	list_push(&u->failed, &c->link);
	loop_defer(u->loop, &u->later);
}

static void tell_failed(struct http_upstream *u)
{
	struct list now;
	struct list *link;

	list_init(&now);
	list_move_all(
		&now, &u->failed); /* what fails meanwhile is told in the next round */
	while ((link = list_pop(&now))) {
		struct http_call *c = container_of(link, struct http_call, link);

		upstream_finish(u, c, c->failed);
	}
}

/* ---- where a call goes ---- */

/* Sent on an idle connection of e; those that turn out to be dead are closed on the way. */
static bool reuse(struct endpoint *e, struct http_call *c)
{
	while (!list_empty(&e->idle)) {
		if (client_conn_send(
			    container_of(e->idle.next, struct client_conn, link), c))
			return true;
	}
	return false;
}

/* All connections are open and none to e is idle: one to another address will do. */
static bool reuse_any(struct http_upstream *u, struct http_call *c)
{
	for (unsigned i = 0; i < u->endpoints.count; i++) {
		struct endpoint *e = u->endpoints.all[i];

		if (endpoint_is_usable(&u->endpoints, e) && reuse(e, c))
			return true;
	}
	return false;
}

/* No address can be reached now; at the very start it may only be too early to say so. */
static void place_nowhere(struct http_upstream *u, struct http_call *c)
{
	if (endpoints_are_unknown(&u->endpoints))
		list_push(&u->waiting, &c->link);
	else
		fail(u, c);
}

/* What is sent again goes by a new connection, and to another address if there is one. */
static void place(struct http_upstream *u, struct http_call *c, struct endpoint *avoid)
{
	struct endpoint *e = endpoints_choose(&u->endpoints, avoid);

	if (!e && c->was_sent)
		e = endpoints_choose(&u->endpoints, NULL);
	if (!e)
		place_nowhere(u, c);
	else if (!c->was_sent && reuse(e, c))
		return;
	else if (u->connections < u->connections_max)
		client_conn_open(u, e, c);
	else if (!reuse_any(u, c))
		list_push(&u->waiting, &c->link);
}

void upstream_try_again(
	struct http_upstream *u, struct http_call *c, struct endpoint *avoid, enum err why)
{
	bool may = ++c->attempts < TRIES_MAX;

	c->failed = c->was_sent ? ERR_UNSURE : why;
	if (c->was_sent) {
		may = c->repeatable && c->attempts == 1 &&
		      budget_take(&u->repeats, uv_now(&u->loop->uv));
		if (may && c->attempt)
			++*c->attempt;
	}
	if (may)
		place(u, c, avoid);
	else
		fail(u, c);
}

/* Those that wait go on as far as there are connections. */
static void place_waiting(struct http_upstream *u)
{
	struct list now;
	struct list *link;

	list_init(&now);
	list_move_all(&now, &u->waiting);
	while ((link = list_pop(&now)))
		place(u, container_of(link, struct http_call, link), NULL);
}

static void on_later(struct loop_hook *hook)
{
	struct http_upstream *u = container_of(hook, struct http_upstream, later);

	tell_failed(u);
	if (!u->closing)
		place_waiting(u);
}

void upstream_conn_free(struct http_upstream *u, struct client_conn *conn)
{
	struct endpoint *e = conn->endpoint;
	struct list *link;

	client_conn_set_reading(conn, true);
	if (u->closing || !e->listed) {
		client_conn_close(conn);
		return;
	}
	list_del(&conn->link);
	list_push_front(&e->idle, &conn->link);
	conn->since_ms = uv_now(&u->loop->uv);
	if (!list_empty(&u->waiting) && !endpoint_is_usable(&u->endpoints, e))
		loop_defer(u->loop, &u->later); /* elsewhere, or nowhere */
	while (!list_empty(&e->idle) && endpoint_is_usable(&u->endpoints, e) &&
		(link = list_pop(&u->waiting))) {
		struct http_call *c = container_of(link, struct http_call, link);

		if (!reuse(e, c))
			place(u, c, NULL);
	}
}

/* ---- time ---- */

/* Calls that wait for a connection have deadlines, too. */
static void expire_waiting(struct http_upstream *u, uint64_t now_ms)
{
	LIST_EACH (&u->waiting, link) {
		struct http_call *c = container_of(link, struct http_call, link);

		if (!c->deadline_ms || now_ms < c->deadline_ms)
			continue;
		list_del(link);
		c->failed = ERR_TIMEOUT;
		fail(u, c);
	}
}

static void close_all(struct list *conns)
{
	LIST_EACH (conns, link)
		client_conn_close(container_of(link, struct client_conn, link));
}

static void check_working(struct http_upstream *u, uint64_t now_ms)
{
	struct list now;
	struct list *link;

	list_init(&now);
	list_move_all(&now, &u->working); /* any callback may close any connection */
	while ((link = list_pop(&now))) {
		list_push(&u->working, link);
		client_conn_check(container_of(link, struct client_conn, link), now_ms);
	}
	if (u->closing)
		close_all(&u->working);
}

/* The one used last is first: once one is fresh enough, those before it are, too. */
static void close_idle(struct endpoint *e, uint64_t now_ms)
{
	while (!list_empty(&e->idle)) {
		struct client_conn *oldest = container_of(
			e->idle.prev, struct client_conn, link);

		if (e->listed && now_ms - oldest->since_ms < IDLE_MS)
			return;
		client_conn_close(oldest);
	}
}

static void on_tick(struct timer *timer)
{
	struct http_upstream *u = container_of(timer, struct http_upstream, tick);
	uint64_t now_ms = uv_now(&u->loop->uv);

	check_working(u, now_ms);
	expire_waiting(u, now_ms);
	for (unsigned i = 0; i < u->endpoints.count; i++)
		close_idle(u->endpoints.all[i], now_ms);
	if (!u->closing)
		endpoints_tick(&u->endpoints, now_ms);
}

/* ---- the whole ---- */

const char *http_upstream_problem(const char *urls)
{
	return endpoints_problem(urls);
}

/* All of it is closed and nothing will call back any more. */
static void free_if_closed(struct http_upstream *u)
{
	void (*closed)(void *ctx) = u->closed;
	void *ctx = u->closed_ctx;

	if (!u->closing || !u->tick_closed || u->connections ||
		endpoints_are_resolving(&u->endpoints))
		return;
	loop_hook_cancel(&u->later);
	endpoints_fini(&u->endpoints);
	free(u);
	if (closed)
		closed(ctx);
}

static void on_changed(struct endpoints *set)
{
	struct http_upstream *u = container_of(set, struct http_upstream, endpoints);

	if (u->closing)
		free_if_closed(u);
	else
		loop_defer(u->loop, &u->later);
}

void upstream_conn_gone(struct http_upstream *u)
{
	if (u->closing)
		free_if_closed(u);
	else if (!list_empty(&u->waiting))
		loop_defer(u->loop, &u->later);
}

static void on_probe(struct endpoints *set, struct endpoint *e)
{
	client_conn_open(container_of(set, struct http_upstream, endpoints), e, NULL);
}

struct http_upstream *http_upstream_open(
	struct loop *loop, const char *urls, unsigned connections_max)
{
	struct http_upstream *u = calloc(1, sizeof *u);

	if (!u)
		abort();
	u->loop = loop;
	u->connections_max = connections_max;
	u->connect_ms = CONNECT_MS;
	u->gap_ms = GAP_MS;
	u->later.run = on_later;
	u->endpoints.changed = on_changed;
	u->endpoints.probe = on_probe;
	list_init(&u->working);
	list_init(&u->waiting);
	list_init(&u->failed);
	timer_open(loop, &u->tick, on_tick);
	timer_start(&u->tick, TICK_MS, TICK_MS);
	endpoints_open(&u->endpoints, loop, urls);
	return u;
}

void http_upstream_set_connect_ms(struct http_upstream *u, unsigned ms)
{
	u->connect_ms = ms;
}

void http_call_send(struct http_upstream *u, struct http_call *c)
{
	assert(!u->closing);
	list_init(&c->link);
	c->upstream = u;
	c->conn = NULL;
	c->was_sent = false;
	c->failed = ERR_UNAVAILABLE;
	c->attempts = 0;
	u->in_flight++;
	budget_note(&u->repeats, uv_now(&u->loop->uv));
	place(u, c, NULL);
}

void http_call_cancel(struct http_call *c)
{
	struct http_upstream *u = c->upstream;

	if (!u)
		return;
	c->upstream = NULL;
	u->in_flight--;
	if (c->conn)
		client_conn_close(c->conn);
	else
		list_del(&c->link);
}

void http_call_pause(struct http_call *c)
{
	if (c->upstream && c->conn)
		client_conn_set_reading(c->conn, false);
}

void http_call_resume(struct http_call *c)
{
	if (c->upstream && c->conn)
		client_conn_set_reading(c->conn, true);
}

bool http_upstream_is_up(const struct http_upstream *u)
{
	for (unsigned i = 0; i < u->endpoints.count; i++) {
		if (u->endpoints.all[i]->listed && u->endpoints.all[i]->up)
			return true;
	}
	return false;
}

unsigned http_upstream_in_flight(const struct http_upstream *u)
{
	return u->in_flight;
}

static void on_tick_closed(struct timer *timer)
{
	struct http_upstream *u = container_of(timer, struct http_upstream, tick);

	u->tick_closed = true;
	free_if_closed(u);
}

void http_upstream_close(struct http_upstream **up, void (*cb)(void *ctx), void *ctx)
{
	struct http_upstream *u = *up;

	*up = NULL;
	assert(u->in_flight == 0);
	u->closing = true;
	u->closed = cb;
	u->closed_ctx = ctx;
	close_all(&u->working);
	for (unsigned i = 0; i < u->endpoints.count; i++)
		close_all(&u->endpoints.all[i]->idle);
	endpoints_close(&u->endpoints);
	timer_close(&u->tick, on_tick_closed);
}
