#include "events_store.h"

#include "data/pg.h"

/* Longer than asking Stripe ever takes. */
#define LEASE_S 90

static const struct pg_stmt insert_event = { "event_insert",
	"insert into billing.events (event_id, type, created_at, trace_id, action, "
	"object_id,"
	" subscription_id, customer_id, user_id, state)"
	" values ($1::text, $2::text, $3::timestamptz, $4::text, $5::text, $6::text, "
	"$7::text,"
	" $8::text, $9::uuid, case $5 when 'none' then 'done' else 'waiting' end)"
	" on conflict do nothing returning seq",
	.write = true };

static const struct pg_stmt claim_event = { "event_claim",
	"select event_id, ticket, type, action, object_id, subscription_id, customer_id,"
	" user_id, trace_id, attempts from billing.claim_event($1::int4)",
	.write = true };

static const struct pg_stmt finish_event = { "event_done",
	"update billing.events set state = 'done', done_at = now(), error = null"
	" where event_id = $1::text and state = 'waiting'",
	.write = true };

/* 1, 2, 4, ... 256 s, half of it by chance; never given up: what it speaks of was paid for.
 */
static const struct pg_stmt retry_event = { "event_retry",
	"update billing.events set error = $2::text, next_try_at = now()"
	" + greatest($3::int8, power(2, least(attempts - 1, 8)) * (0.5 + random() / 2))"
	" * interval '1 second'"
	" where event_id = $1::text and state = 'waiting'",
	.write = true };

static const struct pg_stmt prune_events = { "event_prune",
	"delete from billing.events where state = 'done'"
	" and received_at < now() - interval '90 days'",
	.write = true };

static const struct pg_stmt claim_chore = { "chore_claim",
	"update billing.chores set next_at = now() + $2::int8 * interval '1 second'"
	" where name = $1::text and next_at <= now() returning name",
	.write = true };

static const struct pg_stmt retry_chore = { "chore_retry",
	"update billing.chores set next_at = least(next_at, now() + interval '5 minutes')"
	" where name = $1::text",
	.write = true };

static void add_time(struct pg_params *p, int64_t s)
{
	if (s)
		pg_add_time(p, s * 1000000);
	else
		pg_add_null(p);
}

static struct str text_kept(struct task *t, const struct pg_rows *rows, int col)
{
	return pg_null(rows, 0, col) ? STR_NONE
				     : arena_dup(&t->arena, pg_text(rows, 0, col));
}

static enum err read_inserted(struct task *t, const struct pg_rows *rows, void *into)
{
	bool *fresh = into;

	(void)t;
	*fresh = pg_count(rows) > 0;
	return ERR_OK;
}

outcome_t events_insert(
	struct task *t, const struct stripe_event *e, bool *fresh, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, e->id);
	pg_add_text(&p, e->type);
	add_time(&p, e->created_s);
	pg_add_text(&p, str_of(t->log.trace_id));
	pg_add_text(&p, str_of(event_action_name(e->action)));
	pg_add_text(&p, e->object_id);
	pg_add_text(&p, e->subscription_id);
	pg_add_text(&p, e->customer_id);
	pg_add_uuid(&p, uuid_is_nil(&e->user_id) ? NULL : &e->user_id);
	return pg_run(t, &insert_event, &p, read_inserted, fresh, next);
}

static enum err read_claimed(struct task *t, const struct pg_rows *rows, void *into)
{
	struct claimed_event *ev = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	ev->id = text_kept(t, rows, 0);
	ev->ticket = pg_i64(rows, 0, 1);
	ev->type = text_kept(t, rows, 2);
	if (!event_action_parse(pg_text(rows, 0, 3), &ev->action))
		return ERR_INTERNAL;
	ev->object_id = text_kept(t, rows, 4);
	ev->subscription_id = text_kept(t, rows, 5);
	ev->customer_id = text_kept(t, rows, 6);
	ev->user_id = pg_uuid(rows, 0, 7);
	ev->trace_id = text_kept(t, rows, 8);
	ev->attempts = pg_i64(rows, 0, 9);
	return ERR_OK;
}

outcome_t events_claim(struct task *t, struct claimed_event *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i32(&p, LEASE_S);
	return pg_run(t, &claim_event, &p, read_claimed, into, next);
}

outcome_t events_done(struct task *t, struct str id, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, id);
	return pg_run(t, &finish_event, &p, NULL, NULL, next);
}

outcome_t events_retry(struct task *t, const struct claimed_event *ev, enum err why,
	int64_t wait_s, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, ev->id);
	pg_add_text(&p, str_of(err_name(why)));
	pg_add_i64(&p, wait_s > 0 ? wait_s : 0);
	return pg_run(t, &retry_event, &p, NULL, NULL, next);
}

outcome_t events_prune(struct task *t, step_fn *next)
{
	struct pg_params p = { 0 };

	return pg_run(t, &prune_events, &p, NULL, NULL, next);
}

static enum err read_any(struct task *t, const struct pg_rows *rows, void *into)
{
	(void)t;
	(void)into;
	return pg_count(rows) ? ERR_OK : ERR_NOT_FOUND;
}

outcome_t chores_claim(struct task *t, struct str name, int64_t every_s, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, name);
	pg_add_i64(&p, every_s);
	return pg_run(t, &claim_chore, &p, read_any, NULL, next);
}

outcome_t chores_retry(struct task *t, struct str name, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, name);
	return pg_run(t, &retry_chore, &p, NULL, NULL, next);
}
