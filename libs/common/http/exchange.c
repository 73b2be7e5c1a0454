#include "http/exchange.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/trace.h"
#include "http/conn.h"

#define SPARE_MAX   64
#define FIELDS_KEEP 512
#define BODY_KEEP   4096

#define DEADLINE_MS 30000

struct http_request *http_req(const struct task *t)
{
	return &t->http->req;
}

void http_on_done(struct task *t, void (*done)(struct task *t, const struct http_done *d))
{
	t->http->done = done;
}

static struct http_exchange *take_spare(struct http_server *s)
{
	struct list *link = list_pop(&s->spare_exchanges);
	struct http_exchange *x;

	if (link) {
		s->spare_count--;
		return container_of(link, struct http_exchange, spare);
	}
	x = calloc(1, sizeof *x);
	if (!x)
		abort();
	return x;
}

struct http_exchange *exchange_new(struct conn *c)
{
	struct http_server *s = c->server;
	struct http_exchange *x = take_spare(s);

	*x = (struct http_exchange){
		.server = s,
		.conn = c,
		.intake.received = x->intake.received,
		.fields = x->fields,
		.body = x->body,
		.began_us = clock_mono_us(),
		.asked_ms = UINT64_MAX,
	};
	task_init(&x->task, s->o.app, NULL); /* the end is said by exchange_end */
	x->task.http = x;
	list_init(&x->spare);
	memcpy(x->peer, c->peer, sizeof x->peer);
	x->req.peer = str_of(x->peer);
	s->exchange_count++;
	return x;
}

/* ---- ids and deadline ---- */

static bool is_request_id(struct str s)
{
	if (s.len == 0 || s.len >= sizeof((struct log_context *)0)->request_id)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!octet_is(s.ptr[i], OCTET_UNRESERVED) || s.ptr[i] == '~')
			return false;
	}
	return true;
}

/* At the edge only proxies that are listed may choose ids. */
static bool is_believed(const struct http_exchange *x)
{
	const struct http_server_options *o = &x->server->o;

	return !o->is_proxy || o->is_proxy(o->app, x->req.peer);
}

static void take_given(struct http_exchange *x)
{
	const struct head *h = &x->intake.head;
	struct str id = h->known[HEAD_REQUEST_ID];
	struct log_context *log = &x->task.log;
	uint64_t ms;

	if (!(id.ptr || h->known[HEAD_DEADLINE].ptr) || !is_believed(x))
		return;
	if (h->times[HEAD_REQUEST_ID] == 1 && is_request_id(id)) {
		memcpy(log->request_id, id.ptr, id.len);
		log->request_id[id.len] = '\0';
	}
	if (h->times[HEAD_DEADLINE] == 1 && str_u64(h->known[HEAD_DEADLINE], &ms))
		x->asked_ms = ms;
}

/* A request that brought neither id has one for both: the less to look for. */
void exchange_identify(struct http_exchange *x)
{
	const struct head *h = &x->intake.head;
	struct log_context *log = &x->task.log;
	uint8_t made[24];

	random_bytes(made, sizeof made);
	hex_format(made, 16, log->trace_id);
	hex_format(made + 16, 8, log->span_id);
	log->trace_flags = TRACE_RANDOM;
	memcpy(log->request_id, log->trace_id, sizeof log->trace_id);
	take_given(x);
	if (h->times[HEAD_TRACEPARENT] == 1)
		(void)traceparent_read(h->known[HEAD_TRACEPARENT], log);
	exchange_set_deadline(x, DEADLINE_MS);
}

void exchange_set_deadline(struct http_exchange *x, uint64_t wait_ms)
{
	if (x->asked_ms < wait_ms)
		wait_ms = x->asked_ms;
	x->task.deadline_ms = x->began_us / 1000 + wait_ms;
}

/* ---- the end ---- */

static void say_done(struct http_exchange *x)
{
	struct http_done d = { .status = x->unheard ? 0 : x->status,
		.body_bytes = x->body_bytes,
		.cut = x->cut || x->unheard || (!x->conn && !x->handed_over) };

	if (!x->done)
		return;
	d.duration_us = clock_mono_us() - x->began_us;
	x->done(&x->task, &d);
	x->done = NULL;
}

void exchange_end(struct http_exchange *x)
{
	say_done(x);
	if (x->conn)
		conn_answered(x->conn);
	else
		exchange_release(x);
}

void exchange_release(struct http_exchange *x)
{
	struct http_server *s = x->server;
	bool secret = x->task.arena.secret;

	say_done(x); /* unless it was said: of a request whose body never came */
	task_fini(&x->task);
	intake_reset(&x->intake, secret);
	buf_shrink(&x->fields, FIELDS_KEEP);
	if (secret)
		buf_wipe(&x->body);
	buf_shrink(&x->body, BODY_KEEP);
	assert(s->exchange_count);
	s->exchange_count--;
	s->spare_count++;
	list_push_front(&s->spare_exchanges, &x->spare);
	if (s->spare_count > SPARE_MAX)
		exchange_free_spare(s);
	if (s->closing)
		loop_defer(s->loop, &s->hook);
}

/* The longest unused one. */
void exchange_free_spare(struct http_server *s)
{
	struct http_exchange *x = container_of(
		s->spare_exchanges.prev, struct http_exchange, spare);

	list_del(&x->spare);
	s->spare_count--;
	intake_fini(&x->intake);
	buf_fini(&x->fields);
	buf_fini(&x->body);
	free(x);
}
