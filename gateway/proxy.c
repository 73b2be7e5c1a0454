/*
 * A request goes to its service and the answer comes back:
 *
 *   proxy -> answered                                   short, of known length: one write
 *   proxy -> answered -> flow -> more -> flow -> ...    any other: as it comes
 *
 * A client that does not take what is sent stops the service (pause), and goes on with it
 * (drained). A client that leaves ends the call, and its connection with it. What goes
 * wrong before the first byte is a problem answer; after it the connection is cut, so that
 * nobody takes a part for the whole.
 */
#include "gateway.h"

#include "base/clock.h"
#include "base/map.h"

#define SHORT_MAX (64u << 10) /* gathered, sent in one write */

static const struct problem bad_gateway = { 502, "bad_gateway", "Bad gateway" };
static const struct problem gateway_timeout = { 504, "upstream_timeout",
	"The service did not answer in time" };

static const char no_answer[] = "The service did not answer";
static const char unsure[] = "The service did not answer; this may have taken effect";

static const struct problem overloaded = { 503, "overloaded",
	"Request cannot be satisfied due to temporary server capacity constraints",
	"https://iana.org/assignments/http-problem-types#temporary-reduced-capacity" };

static step_fn answered, more, drained;

/* ---- how much is in hand ---- */

/*
 * Streams that have begun are not counted, nor are clients that the service has kept
 * waiting for longer than it may take, because they asked for that: they are bounded by
 * their own connections.
 */
static void hold(struct visit *v)
{
	struct gateway *g = gateway_of(v->task);

	v->load = &g->load[v->route - g->routes];
	v->held = true;
	load_begin(v->load, v->caller);
	g->unanswered[v->route->service]++;
	if (v->wait_us)
		list_push(&g->waiting, &v->waiting);
}

static void let_go(struct visit *v)
{
	if (!v->held)
		return;
	v->held = false;
	load_leave(v->load, v->caller);
	gateway_of(v->task)->unanswered[v->route->service]--;
	if (v->wait_us)
		list_del(&v->waiting);
}

static void let_go_of_waiting(struct gateway *g)
{
	uint64_t before_us = clock_mono_us() - (uint64_t)g->upstream_target_ms * 1000;

	LIST_EACH (&g->waiting, it) {
		struct visit *v = container_of(it, struct visit, waiting);

		if (v->asked_us > before_us)
			return;
		let_go(v);
	}
}

/* What was asked for is no delay; an answer before that says nothing. */
static void release(struct visit *v, enum load_end how, uint64_t now_us)
{
	uint64_t took_us = now_us - v->asked_us;

	let_go(v);
	if (took_us < v->wait_us)
		how = LOAD_FAILED;
	load_note(v->load, how, took_us - v->wait_us, now_us);
	v->load = NULL;
}

/* The last eighth of what a service may have in hand is for webhooks. */
bool proxy_has_room(struct gateway *g, const struct public_route *route)
{
	unsigned max = (unsigned)g->upstream_connections;
	unsigned kept = route->who == ROUTE_HOOK ? 0 : max / 8;

	if (route->service == SERVICE_HERE)
		return true;
	if (!list_empty(&g->waiting))
		let_go_of_waiting(g);
	return g->unanswered[route->service] < max - kept &&
	       load_has_room(&g->load[route - g->routes]);
}

/* Webhooks come from few addresses. */
static bool has_room_for_caller(struct task *t)
{
	struct gateway *g = gateway_of(t);
	struct visit *v = t->state;
	struct str who = t->caller ? uuid_bytes(&t->caller->user_id) : v->client;

	v->caller = (unsigned)siphash(g->caller_seed, who);
	return proxy_has_room(g, v->route) &&
	       (v->route->who == ROUTE_HOOK ||
		       load_has_room_for(&g->load[v->route - g->routes], v->caller));
}

outcome_t proxy_refuse(struct task *t)
{
	++*gateway_of(t)->overloaded;
	return reply_problem(t, &overloaded, NULL);
}

/* ---- what the client of libs/common/http tells ---- */

static struct visit *visit_of(struct http_call *c)
{
	return container_of(c, struct visit, call);
}

static void on_head(struct http_call *c, const struct http_response *r)
{
	struct visit *v = visit_of(c);
	struct task *t = v->task;
	bool bodiless = r->status == 204 || r->status == 304;

	v->answered_us = clock_mono_us();
	release(v, LOAD_ANSWERED, v->answered_us);
	v->answer = forward_answer(t, r);
	if (bodiless)
		v->answer.length = 0;
	v->streaming = v->answer.length < 0 || v->answer.length > SHORT_MAX;
	if (v->streaming)
		task_wake(t, ERR_OK);
	else
		v->body = arena_bytes(&t->arena, (size_t)v->answer.length);
}

/* Bytes that wait for the client: with so many the service must pause... */
static size_t high(const struct task *t)
{
	return (size_t)t->app->edge.write_buffer_kb * 1024 / 4;
}

/* ...and with less than this it goes on. */
static size_t low(const struct task *t)
{
	return high(t) / 4;
}

/* The task waits for more of the answer, or for its end. */
static void wake_listener(struct visit *v)
{
	if (!v->listening || v->task->canceled)
		return;
	v->listening = false;
	task_wake(v->task, ERR_OK);
}

static void on_body(struct http_call *c, struct str bytes)
{
	struct visit *v = visit_of(c);
	struct task *t = v->task;

	if (!v->streaming) {
		memcpy(v->body + v->body_len, bytes.ptr, bytes.len);
		v->body_len += bytes.len;
		return;
	}
	reply_stream_write(t, bytes);
	if (reply_stream_waiting(t) >= high(t))
		wake_listener(v);
}

static void on_done(struct http_call *c, enum err e)
{
	struct visit *v = visit_of(c);

	if (v->load)
		release(v, e == ERR_TIMEOUT ? LOAD_ANSWERED : LOAD_FAILED, clock_mono_us());
	v->ended = true;
	v->outcome = e;
	if (e != ERR_OK)
		++*gateway_of(v->task)->upstream_errors[v->route->service];
	if (!v->streaming)
		task_wake(v->task, e);
	else
		wake_listener(v);
}

static const struct http_call_events events = { on_head, on_body, on_done };

/* The client has left. */
static void on_left(struct task *t, void *ctx)
{
	struct visit *v = ctx;

	http_call_cancel(&v->call);
	if (v->load)
		release(v, LOAD_GIVEN_UP, clock_mono_us());
	task_wake_soon(t, ERR_CANCELED);
}

/* ---- the steps ---- */

static bool may_repeat(const struct task *t, const struct public_route *route)
{
	if (route->repeat == REPEAT_KEYED)
		return http_header(http_req(t), STR("Idempotency-Key")).len > 0;
	return route->repeat == REPEAT_ALWAYS;
}

uint64_t proxy_wait_ms(const struct gateway *g, const struct public_route *route)
{
	uint64_t ms = route->timeout_ms ? route->timeout_ms
					: (uint64_t)g->upstream_timeout_ms;

	return ms < (uint64_t)g->upstream_total_ms ? ms : (uint64_t)g->upstream_total_ms;
}

/* The service's time begins now: the body had time of its own. */
static void begin_waiting(struct task *t, struct visit *v)
{
	const struct gateway *g = gateway_of(t);
	uint64_t now_ms;

	v->asked_us = clock_mono_us();
	now_ms = v->asked_us / 1000;
	t->deadline_ms = now_ms + proxy_wait_ms(g, v->route);
	v->call.deadline_ms = t->deadline_ms;
	v->call.end_ms = now_ms + (uint64_t)g->upstream_total_ms;
}

outcome_t proxy(struct task *t)
{
	struct visit *v = t->state;

	if (!has_room_for_caller(t))
		return proxy_refuse(t);
	begin_waiting(t, v);
	v->call.head = forward_head(t, v);
	v->call.events = &events;
	v->call.body = http_req(t)->body;
	v->call.repeatable = may_repeat(t, v->route);
	v->wait_us = v->route->waits ? http_prefers_wait_ms(http_req(t)) * 1000 : 0;
	hold(v);
	http_call_send(gateway_of(t)->upstream[v->route->service], &v->call);
	task_on_cancel(t, on_left, v);
	return task_wait(t, answered);
}

/* No answer came, or one that makes no sense. */
static outcome_t refuse(struct task *t, enum err e)
{
	const struct visit *v = t->state;

	switch (e) {
	case ERR_TIMEOUT:
		return reply_problem(t, &gateway_timeout, NULL);
	case ERR_UNSURE:
		return reply_problem(
			t, &bad_gateway, v->call.repeatable ? no_answer : unsure);
	case ERR_INTERNAL:
		return reply_problem(
			t, &bad_gateway, "The service's answer makes no sense");
	case ERR_UNAVAILABLE:
	case ERR_CANCELED:
	case ERR_BUSY:
	case ERR_OK:
	case ERR_NOT_FOUND:
	case ERR_INVALID:
	case ERR_DENIED:
	case ERR_CONFLICT:
		break;
	}
	return reply_problem(t, &PROBLEM_UNAVAILABLE, NULL);
}

static outcome_t flow(struct task *t)
{
	struct visit *v = t->state;

	if (t->canceled) {
		http_call_cancel(&v->call);
		return reply_stream_abort(t);
	}
	if (v->ended)
		return v->outcome == ERR_OK ? reply_stream_end(t) : reply_stream_abort(t);
	if (reply_stream_waiting(t) >= high(t)) {
		http_call_pause(&v->call);
		return reply_stream_drained(t, low(t), drained);
	}
	v->listening = true;
	task_on_cancel(t, on_left, v);
	return task_wait(t, more);
}

static outcome_t answered(struct task *t, enum err e)
{
	struct visit *v = t->state;
	const struct http_response *a = &v->answer;

	if (e != ERR_OK)
		return refuse(t, e);
	if (!v->streaming)
		return reply_relay(t, a->status, a->headers, a->header_count,
			str_span(v->body, v->body_len));
	reply_relay_begin(t, a->status, a->headers, a->header_count, a->length);
	if (http_req(t)->method == HTTP_M_HEAD) {
		/* Its answer is whole; the body, which nobody sees, may have no end. */
		http_call_cancel(&v->call);
		return reply_stream_end(t);
	}
	return flow(t);
}

static outcome_t more(struct task *t, enum err e)
{
	(void)e; /* ERR_CANCELED: t->canceled says so, too */
	return flow(t);
}

static outcome_t drained(struct task *t, enum err e)
{
	struct visit *v = t->state;

	if (e == ERR_OK)
		http_call_resume(&v->call);
	return flow(t);
}
