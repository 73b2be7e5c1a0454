#include "data/pg.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "data/pg_conn.h"

#define CALLS_MAX    10000 /* not yet answered */
#define TICK_MS      50    /* how finely deadlines are kept */
#define PATIENCE_MS  1000  /* after pg_open, calls wait for the first connection */
#define STATEMENT_MS 10000
#define SLOW_US      1000000
#define OUTCOMES     (ERR_INTERNAL + 1)

struct pg {
	struct loop *loop;
	struct pg_target *target;
	struct pg_conn *conns;
	unsigned count, up;
	bool settled;   /* the first connection came up, or the first attempt failed */
	bool said_lost; /* logged already: failing attempts are not logged one by one */
	uint64_t patient_until_ms;

	struct list waiting; /* calls that were not sent */
	struct list sent;
	struct list ended; /* without an answer; to be told at the end of the turn */
	unsigned outstanding;
	uint64_t soonest_ms; /* no deadline is before it */
	struct timer tick;   /* runs while something is outstanding */
	struct loop_hook flush, tell, shut;

	uint64_t *outcomes[OUTCOMES]; /* NULL: no metrics */
	struct histogram *seconds;
	uint64_t *lost;

	bool closing;
	unsigned open; /* connections and the tick, while they are being closed */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* ---- the end of a call ---- */

static void maybe_gone(struct pg *pg)
{
	void (*closed)(void *ctx) = pg->closed;
	void *ctx = pg->closed_ctx;

	if (!pg->closing || pg->open || pg->outstanding)
		return;
	loop_hook_cancel(&pg->flush);
	loop_hook_cancel(&pg->tell);
	pg_target_free(&pg->target);
	free(pg->conns);
	free(pg);
	closed(ctx);
}

static void finish(
	struct pg *pg, struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	call->flight = NULL;
	list_del(&call->link);
	pg->outstanding--;
	if (pg->outcomes[e])
		++*pg->outcomes[e];
	call->done(call, e, rows);
}

static void tell_ended(struct loop_hook *hook)
{
	struct pg *pg = container_of(hook, struct pg, tell);

	while (!list_empty(&pg->ended)) {
		struct pg_call *call = container_of(pg->ended.next, struct pg_call, link);

		finish(pg, call, call->e, NULL);
	}
	maybe_gone(pg);
}

/* Its answer, if one is still to come, will be swallowed. */
static void detach(struct pg_call *call)
{
	if (call->flight)
		call->flight->call = NULL;
	call->flight = NULL;
	list_del(&call->link);
}

static void end_later(struct pg *pg, struct pg_call *call, enum err e)
{
	detach(call);
	call->e = e;
	list_push(&pg->ended, &call->link);
	loop_defer(pg->loop, &pg->tell);
}

static void end_waiting(struct pg *pg, enum err e)
{
	while (!list_empty(&pg->waiting))
		end_later(pg, container_of(pg->waiting.next, struct pg_call, link), e);
}

/* ---- sending ---- */

static struct pg_conn *least_loaded(struct pg *pg)
{
	struct pg_conn *best = NULL;

	for (struct pg_conn *c = pg->conns; c < pg->conns + pg->count; c++) {
		if (pg_conn_has_room(c) && (!best || c->load < best->load))
			best = c;
	}
	return best;
}

static bool is_late(const struct pg_call *call, uint64_t now_ms)
{
	return call->deadline_ms && call->deadline_ms <= now_ms;
}

static bool may_wait(const struct pg *pg, uint64_t now_ms)
{
	return pg->up || (!pg->settled && now_ms < pg->patient_until_ms);
}

static void flush_waiting(struct loop_hook *hook)
{
	struct pg *pg = container_of(hook, struct pg, flush);
	uint64_t now_us = clock_mono_us();
	struct pg_conn *c;

	if (!may_wait(pg, now_us / 1000))
		end_waiting(pg, ERR_UNAVAILABLE);
	while (!list_empty(&pg->waiting) && (c = least_loaded(pg))) {
		struct list *link = list_pop(&pg->waiting);
		struct pg_call *call = container_of(link, struct pg_call, link);

		if (is_late(call, now_us / 1000)) {
			end_later(pg, call, ERR_TIMEOUT);
			continue;
		}
		list_push(&pg->sent, &call->link);
		pg_conn_send(c, call, now_us);
	}
	for (c = pg->conns; c < pg->conns + pg->count; c++) {
		if (c->unpushed)
			pg_conn_push(c);
	}
}

void pg_send_packed(struct pg *pg, struct pg_call *call, const struct pg_packed *packed)
{
	call->packed = packed;
	call->flight = NULL;
	call->again = false;
	list_init(&call->link);
	pg->outstanding++;
	if (pg->closing) {
		end_later(pg, call, ERR_CANCELED);
		return;
	}
	if (pg->outstanding > CALLS_MAX) {
		end_later(pg, call, ERR_BUSY);
		return;
	}
	list_push(&pg->waiting, &call->link);
	loop_defer(pg->loop, &pg->flush);
	if (call->deadline_ms && call->deadline_ms < pg->soonest_ms)
		pg->soonest_ms = call->deadline_ms;
	if (!timer_is_running(&pg->tick))
		timer_start(&pg->tick, TICK_MS, TICK_MS);
}

void pg_send(struct pg *pg, struct pg_call *call)
{
	pg_send_packed(pg, call, NULL);
}

void pg_forget(struct pg *pg, struct pg_call *call)
{
	detach(call);
	pg->outstanding--;
}

/* ---- deadlines ---- */

static void end_late(struct pg *pg, struct list *calls, uint64_t now_ms)
{
	LIST_EACH (calls, link) {
		struct pg_call *call = container_of(link, struct pg_call, link);

		if (is_late(call, now_ms))
			end_later(pg, call,
				call->flight && call->stmt->write ? ERR_UNSURE
								  : ERR_TIMEOUT);
		else if (call->deadline_ms && call->deadline_ms < pg->soonest_ms)
			pg->soonest_ms = call->deadline_ms;
	}
}

static void on_tick(struct timer *timer)
{
	struct pg *pg = container_of(timer, struct pg, tick);
	uint64_t now_ms = uv_now(&pg->loop->uv);
	unsigned flights = 0;

	for (struct pg_conn *c = pg->conns; c < pg->conns + pg->count; c++) {
		pg_conn_passed(c, TICK_MS);
		flights += c->flights;
	}
	if (pg->soonest_ms <= now_ms) {
		pg->soonest_ms = UINT64_MAX;
		end_late(pg, &pg->waiting, now_ms);
		end_late(pg, &pg->sent, now_ms);
	}
	if (!list_empty(&pg->waiting))
		loop_defer(pg->loop, &pg->flush); /* the first connection may be overdue */
	if (!pg->outstanding && !flights)
		timer_stop(timer);
}

/* ---- what the connections say ---- */

static void on_up(struct pg_conn *c)
{
	struct pg *pg = c->pool;

	pg->settled = true;
	if (pg->up++ == 0)
		log_info("pg-up", L_Z("server", PQhost(c->pq)),
			L_INT("version", PQserverVersion(c->pq)));
	pg->said_lost = false;
	loop_defer(pg->loop, &pg->flush);
}

static void on_lost(struct pg_conn *c, bool was_up, const char *why)
{
	struct pg *pg = c->pool;

	pg->settled = true;
	if (was_up) {
		pg->up--;
		if (pg->lost)
			++*pg->lost;
	}
	if (was_up || !pg->said_lost)
		log_warn("pg-lost", L_Z("why", why), L_INT("still_up", pg->up));
	pg->said_lost = true;
	loop_defer(pg->loop, &pg->flush);
}

static void log_slow(const struct pg_flight *f, uint64_t took_us, enum err e)
{
	const struct log_context *outer = log_context_get();

	log_context_set(f->call ? f->call->log : NULL);
	log_warn("pg-slow", L_Z("statement", f->stmt->name), L_INT("ms", took_us / 1000),
		L_ERR(e));
	log_context_set(outer);
}

static void on_answered(struct pg_conn *c, const struct pg_flight *f, enum err e,
	const struct pg_rows *rows)
{
	struct pg *pg = c->pool;
	uint64_t took_us = clock_mono_us() - f->sent_us;

	if (pg->seconds)
		histogram_observe_us(pg->seconds, took_us);
	if (took_us > SLOW_US)
		log_slow(f, took_us, e);
	if (!list_empty(&pg->waiting))
		loop_defer(pg->loop, &pg->flush); /* there is room again */
	if (f->call)
		finish(pg, f->call, e, rows);
}

static void on_again(struct pg_conn *c, struct pg_call *call)
{
	struct pg *pg = c->pool;

	call->again = true;
	call->flight = NULL;
	list_del(&call->link);
	list_push_front(&pg->waiting, &call->link);
	loop_defer(pg->loop, &pg->flush);
}

static void on_unanswered(struct pg_conn *c, struct pg_call *call, enum err e)
{
	end_later(c->pool, call, e);
}

static void on_conn_closed(struct pg_conn *c)
{
	struct pg *pg = c->pool;

	pg->open--;
	maybe_gone(pg);
}

static const struct pg_conn_owner owner = {
	.up = on_up,
	.lost = on_lost,
	.answered = on_answered,
	.again = on_again,
	.unanswered = on_unanswered,
	.closed = on_conn_closed,
};

/* ---- open and close ---- */

static double read_in_flight(void *ctx)
{
	return pg_in_flight(ctx);
}

static double read_up(void *ctx)
{
	return ((struct pg *)ctx)->up;
}

static void keep_metrics(struct pg *pg, struct metrics *m)
{
	char label[48];

	for (int e = 0; e < (int)OUTCOMES; e++) {
		snprintf(label, sizeof label, "outcome=\"%s\"", err_name((enum err)e));
		pg->outcomes[e] = metrics_counter(m, "pg_calls_total",
			"Statements asked for, by how they ended", label);
	}
	pg->seconds = metrics_histogram(m, "pg_call_duration_seconds",
		"From the sending of a statement to its answer", NULL);
	pg->lost = metrics_counter(
		m, "pg_connections_lost_total", "Connections that broke", NULL);
	metrics_gauge_fn(m, "pg_calls_in_flight", "Statements not yet answered", NULL,
		read_in_flight, pg);
	metrics_gauge_fn(
		m, "pg_connections_up", "Connections that are ready", NULL, read_up, pg);
}

static void open_connections(struct pg *pg, unsigned statement_ms)
{
	pg->conns = calloc(pg->count, sizeof *pg->conns);
	if (!pg->conns)
		abort();
	for (struct pg_conn *c = pg->conns; c < pg->conns + pg->count; c++) {
		c->owner = &owner;
		c->pool = pg;
		c->loop = pg->loop;
		c->target = pg->target;
		c->statement_ms = statement_ms;
		pg_conn_open(c);
	}
}

struct pg *pg_open(const struct pg_options *o)
{
	struct pg *pg = calloc(1, sizeof *pg);

	if (!pg)
		abort();
	pg->loop = o->loop;
	pg->target = pg_target_new(o->url, o->app_name);
	pg->count = o->connections ? o->connections : 4;
	pg->patient_until_ms = clock_mono_ms() + PATIENCE_MS;
	pg->soonest_ms = UINT64_MAX;
	list_init(&pg->waiting);
	list_init(&pg->sent);
	list_init(&pg->ended);
	pg->flush.run = flush_waiting;
	pg->tell.run = tell_ended;
	timer_open(pg->loop, &pg->tick, on_tick);
	if (o->metrics)
		keep_metrics(pg, o->metrics);
	open_connections(pg, o->statement_ms ? o->statement_ms : STATEMENT_MS);
	return pg;
}

bool pg_is_up(const struct pg *pg)
{
	return pg->up > 0;
}

unsigned pg_in_flight(const struct pg *pg)
{
	return pg->outstanding;
}

static void on_tick_closed(struct timer *timer)
{
	struct pg *pg = container_of(timer, struct pg, tick);

	pg->open--;
	maybe_gone(pg);
}

/* Not within pg_close: it may have been called while a connection hands out its
 * answers. */
static void shut(struct loop_hook *hook)
{
	struct pg *pg = container_of(hook, struct pg, shut);

	pg->up = 0;
	for (struct pg_conn *c = pg->conns; c < pg->conns + pg->count; c++)
		pg_conn_close(c);
	timer_close(&pg->tick, on_tick_closed);
	end_waiting(pg, ERR_CANCELED);
}

void pg_close(struct pg **pool, void (*cb)(void *ctx), void *ctx)
{
	struct pg *pg = *pool;

	*pool = NULL;
	assert(!pg->closing);
	pg->closing = true;
	pg->closed = cb;
	pg->closed_ctx = ctx;
	pg->open = pg->count + 1;
	pg->shut.run = shut;
	loop_defer(pg->loop, &pg->shut);
}
