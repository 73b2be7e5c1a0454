#include "data/pg_conn.h"

#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"

#define PAUSE_MS    50   /* before the first further attempt; doubles */
#define PAUSE_MAX   2000 /* half of it is left to chance */
#define GREETING_MS 3000
#define CORK_FROM   3 /* calls of one turn from which holding them back pays */

/* A write holds up what comes behind it until the disk has it. */
#define WEIGHT(stmt) ((stmt) && (stmt)->write ? 4u : 1u)

static const char greeting[] =
	"select set_config('statement_timeout', $1, false),"
	" set_config('lock_timeout', $2, false),"
	" set_config('idle_in_transaction_session_timeout', $1, false)";

static void dial(struct pg_conn *c);

/* ---- the ring ---- */

static struct pg_flight *oldest(struct pg_conn *c)
{
	assert(c->flights);
	return &c->ring[c->first];
}

bool pg_conn_has_room(const struct pg_conn *c)
{
	return c->state == PG_UP && c->flights < PG_FLIGHTS_MAX;
}

static struct pg_flight *depart(struct pg_conn *c, struct pg_flight f)
{
	struct pg_flight *at = &c->ring[(c->first + c->flights) % PG_FLIGHTS_MAX];

	assert(c->flights < PG_FLIGHTS_MAX);
	if (c->flights++ == 0)
		c->silent_ms = 0;
	c->load += WEIGHT(f.stmt);
	*at = f;
	return at;
}

static struct pg_flight arrive(struct pg_conn *c)
{
	struct pg_flight f = *oldest(c);

	c->first = (c->first + 1) % PG_FLIGHTS_MAX;
	c->flights--;
	c->load -= WEIGHT(f.stmt);
	return f;
}

/* "" for what libpq itself says. */
static const char *sqlstate(const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	return state ? state : "";
}

/* True if the refusal was of the plan, not of the call: the same call may work with a
 * new one. */
static bool plan_is_stale(
	struct pg_conn *c, const struct pg_flight *f, const PGresult *refusal)
{
	const char *state = sqlstate(refusal);
	const char *where = PQresultErrorField(refusal, PG_DIAG_SOURCE_FUNCTION);
	struct pg_prepared *p = pg_prepared_find(&c->prepared, f->stmt);
	bool stale;

	if (f->parsing) { /* the Parse itself was refused */
		p->ready = false;
		return false;
	}
	/* The server does not know it (a session that was reset), or "cached plan must
	 * not change result type", which its place tells apart from other 0A000. */
	stale = !strcmp(state, "26000") || (!strcmp(state, "0A000") && where &&
						   !strcmp(where, "RevalidateCachedQuery"));
	if (stale)
		pg_prepared_renew(p);
	return stale;
}

/* ---- the end of a link ---- */

static void on_redial(struct timer *timer);

static void hang_up(struct pg_conn *c, enum err e)
{
	pg_dial_cancel(&c->dial);
	pg_watch_close(&c->watch);
	if (c->pq)
		PQfinish(c->pq);
	c->pq = NULL;
	PQclear(c->outcome);
	c->outcome = NULL;
	c->unpushed = 0;
	c->corked = false;
	pg_prepared_clear(&c->prepared);
	while (c->flights) {
		struct pg_flight f = arrive(c);

		if (f.call)
			c->owner->unanswered(c, f.call, f.stmt->write ? ERR_UNSURE : e);
	}
}

/* The server's own last words say more than that the socket was closed. */
static struct str last_words(const struct pg_conn *c, const char *message)
{
	const char *words = PQresultErrorField(c->outcome, PG_DIAG_MESSAGE_PRIMARY);
	struct str rest = str_of(words ? words : message), line = STR_NONE;

	str_cut(&rest, '\n', &line);
	return line;
}

static void lost(struct pg_conn *c, const char *message)
{
	bool was_up = c->state == PG_UP;
	char why[240];

	snprintf(why, sizeof why, "%.*s", STR_ARG(last_words(c, message)));
	hang_up(c, ERR_UNAVAILABLE);
	c->state = PG_DOWN;
	timer_start(&c->redial, c->pause_ms / 2 + random_below(c->pause_ms / 2 + 1), 0);
	c->pause_ms = c->pause_ms * 2 < PAUSE_MAX ? c->pause_ms * 2 : PAUSE_MAX;
	c->owner->lost(c, was_up, why);
}

/* Well past statement_timeout a living server would have said something. */
void pg_conn_passed(struct pg_conn *c, unsigned ms)
{
	if (c->state != PG_UP || !c->flights)
		return;
	c->silent_ms += ms;
	if (c->silent_ms > c->statement_ms + c->statement_ms / 2 + 1000)
		lost(c, "the server has fallen silent");
}

static void on_redial_closed(struct timer *timer)
{
	struct pg_conn *c = container_of(timer, struct pg_conn, redial);

	c->owner->closed(c);
}

void pg_conn_close(struct pg_conn *c)
{
	c->state = PG_CLOSED;
	hang_up(c, ERR_CANCELED);
	timer_close(&c->redial, on_redial_closed);
}

/* ---- answers ---- */

static bool is_refusal(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s != PGRES_TUPLES_OK && s != PGRES_COMMAND_OK && s != PGRES_EMPTY_QUERY;
}

/* Never the parameters' values: the primary message alone, which names things of ours. */
static void log_refusal(const struct pg_flight *f, const PGresult *r)
{
	const struct log_context *outer = log_context_get();

	log_context_set(f->call ? f->call->log : NULL);
	log_error("pg-refused", L_Z("statement", f->stmt->name),
		L_Z("sqlstate", sqlstate(r)),
		L_Z("message", PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)));
	log_context_set(outer);
}

static void answer_refused(struct pg_conn *c, const struct pg_flight *f, const PGresult *r)
{
	const char *state = sqlstate(r);
	enum err e = pg_err_of_sqlstate(state);

	if (plan_is_stale(c, f, r) && f->call && !f->call->again) {
		c->owner->again(c, f->call);
		return;
	}
	if (e == ERR_INTERNAL)
		log_refusal(f, r);
	/* The link broke under it, or the server was on its way out. */
	if (f->stmt->write && (!strncmp(state, "08", 2) || !strncmp(state, "57P", 3)))
		e = ERR_UNSURE;
	c->owner->answered(c, f, e, NULL);
}

static void greeted(struct pg_conn *c, const PGresult *r)
{
	if (is_refusal(r)) {
		lost(c, PQresultErrorMessage(r));
		return;
	}
	c->state = PG_UP;
	c->pause_ms = PAUSE_MS;
	timer_stop(&c->redial);
	c->owner->up(c);
}

/* The Sync was answered: what the statement did is committed, or undone, by now. */
static void conclude(struct pg_conn *c)
{
	struct pg_flight f = arrive(c);
	PGresult *r = c->outcome;

	c->outcome = NULL;
	if (!f.stmt)
		greeted(c, r);
	else if (is_refusal(r))
		answer_refused(c, &f, r);
	else
		c->owner->answered(c, &f, ERR_OK, (const struct pg_rows *)r);
	PQclear(r);
}

/* Takes r over. A later result replaces an earlier one: a commit may still be refused. */
static void take_result(struct pg_conn *c, PGresult *r)
{
	struct pg_flight *f = oldest(c);
	ExecStatusType s = PQresultStatus(r);

	if (s == PGRES_PIPELINE_SYNC) {
		PQclear(r);
		conclude(c);
	} else if (s == PGRES_PIPELINE_ABORTED) {
		PQclear(r); /* behind a refused Parse, which is the outcome */
	} else if (f->parsing && s == PGRES_COMMAND_OK) {
		PQclear(r);
		f->parsing = false;
	} else {
		PQclear(c->outcome);
		c->outcome = r;
	}
}

/* Without an SQLSTATE the link is broken, or out of step. */
static bool is_of_the_link(const PGresult *r)
{
	return PQresultStatus(r) != PGRES_PIPELINE_SYNC &&
	       PQresultStatus(r) != PGRES_PIPELINE_ABORTED && is_refusal(r) &&
	       !*sqlstate(r);
}

/* False when no more will come. */
static bool take_results(struct pg_conn *c)
{
	unsigned nothings = 0;

	while (c->flights && !PQisBusy(c->pq)) {
		PGresult *r = PQgetResult(c->pq);

		if (!r) { /* between a statement's results and its Sync */
			if (++nothings > 2)
				return false;
			continue;
		}
		nothings = 0;
		if (is_of_the_link(r)) {
			PQclear(r);
			return false;
		}
		take_result(c, r);
		if (!c->pq)
			return true; /* the greeting was refused; said already */
	}
	return true;
}

static void on_ready(void *ctx, int events)
{
	struct pg_conn *c = ctx;
	bool alive = true;

	if (events & UV_READABLE) {
		c->silent_ms = 0;
		alive = PQconsumeInput(c->pq);
		/* What came before the link broke counts. */
		alive = take_results(c) && alive;
		if (!c->pq)
			return;
		if (!alive || PQstatus(c->pq) == CONNECTION_BAD) {
			lost(c, PQerrorMessage(c->pq));
			return;
		}
	}
	if (events & UV_WRITABLE)
		pg_conn_push(c);
}

/* ---- calls ---- */

#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC

/* The calls of a turn leave in one write, at the push. */
static bool send_sync(struct pg_conn *c)
{
	return PQsendPipelineSync(c->pq);
}

static void uncork(struct pg_conn *c)
{
	(void)c;
}

#else

static void set_cork(struct pg_conn *c, int on)
{
	/* Unix sockets refuse: there the pieces leave one by one. */
	if (setsockopt(PQsocket(c->pq), IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0)
		c->corked = on;
}

/* Before libpq 17 every Sync is written at once: the kernel is asked to hold them
 * back. */
static bool send_sync(struct pg_conn *c)
{
	if (c->unpushed == CORK_FROM)
		set_cork(c, true);
	return PQpipelineSync(c->pq);
}

static void uncork(struct pg_conn *c)
{
	if (c->corked)
		set_cork(c, false);
}

#endif

void pg_conn_push(struct pg_conn *c)
{
	int left;

	c->unpushed = 0;
	left = PQflush(c->pq);
	uncork(c);
	if (left < 0)
		lost(c, PQerrorMessage(c->pq));
	else
		pg_watch_for(c->watch, left ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static bool send_bound(struct pg_conn *c, const char *name, const struct pg_call *call)
{
	static const int binary[PG_PARAMS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	const struct pg_params *p = call->params;
	const struct pg_packed *k = call->packed;

	if (k)
		return PQsendQueryPrepared(c->pq, name, k->n, k->value, k->len, binary, 1);
	if (p)
		return PQsendQueryPrepared(c->pq, name, p->n, p->value, p->len, binary, 1);
	return PQsendQueryPrepared(c->pq, name, 0, NULL, NULL, NULL, 1);
}

void pg_conn_send(struct pg_conn *c, struct pg_call *call, uint64_t now_us)
{
	const struct pg_stmt *stmt = call->stmt;
	struct pg_prepared *p = pg_prepared_find(&c->prepared, stmt);
	struct pg_flight f = {
		.call = call, .stmt = stmt, .sent_us = now_us, .parsing = !p->ready
	};
	bool ok = true;

	call->flight = depart(c, f);
	c->unpushed++;
	if (!p->ready)
		ok = PQsendPrepare(c->pq, pg_prepared_name(p), stmt->sql, 0, NULL);
	p->ready = true;
	if (!ok || !send_bound(c, pg_prepared_name(p), call) || !send_sync(c))
		lost(c, PQerrorMessage(c->pq));
}

/* ---- the beginning of a link ---- */

static bool greet(struct pg_conn *c)
{
	char statement_ms[12], lock_ms[12];
	const char *values[] = { statement_ms, lock_ms };

	snprintf(statement_ms, sizeof statement_ms, "%u", c->statement_ms);
	snprintf(lock_ms, sizeof lock_ms, "%u", c->statement_ms / 2);
	depart(c, (struct pg_flight){ .stmt = NULL });
	return PQsetnonblocking(c->pq, 1) == 0 && PQenterPipelineMode(c->pq) &&
	       PQsendQueryParams(c->pq, greeting, 2, NULL, values, NULL, NULL, 1) &&
	       send_sync(c);
}

static void on_dialled(void *ctx, PGconn *pq, const char *why)
{
	struct pg_conn *c = ctx;

	c->dial = NULL;
	if (!pq) {
		lost(c, why);
		return;
	}
	c->pq = pq;
	c->state = PG_GREETING;
	c->watch = pg_watch_open(c->loop, PQsocket(pq), on_ready, c);
	timer_start(&c->redial, GREETING_MS, 0);
	if (greet(c))
		pg_conn_push(c);
	else
		lost(c, PQerrorMessage(pq));
}

static void dial(struct pg_conn *c)
{
	c->state = PG_DIALLING;
	c->dial = pg_dial_start(c->loop, c->target, on_dialled, c);
}

static void on_redial(struct timer *timer)
{
	struct pg_conn *c = container_of(timer, struct pg_conn, redial);

	if (c->state == PG_GREETING)
		lost(c, "the server did not answer in time");
	else
		dial(c);
}

void pg_conn_open(struct pg_conn *c)
{
	c->pause_ms = PAUSE_MS;
	timer_open(c->loop, &c->redial, on_redial);
	dial(c);
}
