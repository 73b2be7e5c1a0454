#include "subscriptions_store.h"

#include "data/pg.h"

static const struct pg_stmt apply = { "subscription_apply",
	"select outcome, tier_changed from billing.apply_subscription($1::int8, $2::text,"
	" $3::text, $4::text, $5::uuid, $6::text, $7::timestamptz, $8::bool, $9::int8)",
	.write = true };

static const struct pg_stmt drop = { "customer_drop",
	"select billing.drop_customer($1::int8, $2::text, $3::int8)", .write = true };

static const struct pg_stmt claim = { "subscription_claim",
	"select subscription_id, ticket, user_id from billing.claim_subscription($1::int8)",
	.write = true };

/* Each use of $1 has its cast: "$1 * interval" alone would make it a float8. */
static const struct pg_stmt end_grace = { "grace_end",
	"select count(*) filter (where billing.settle_tier(o.user_id, $1::int8)) from"
	" (select distinct s.user_id from billing.subscriptions s"
	"  join billing.accounts a using (user_id)"
	"  where s.status = 'past_due' and a.tier = 'Pro'"
	"  and s.past_due_since + $1::int8 * interval '1 second' <= now()) o",
	.write = true };

/* The subscription that counts most: a living one before one that is over, the newest
 * first. */
static const struct pg_stmt view = { "subscription_view",
	"select a.tier, s.status, s.current_period_end, s.cancel_at_period_end"
	" from billing.accounts a left join lateral ("
	"  select * from billing.subscriptions u where u.user_id = a.user_id"
	"  order by u.status in ('active', 'trialing') desc, u.status = 'past_due' desc,"
	"  u.status not in ('canceled', 'incomplete_expired') desc, u.ticket desc limit 1"
	" ) s on true where a.user_id = $1::uuid" };

static const struct {
	const char *name;
	enum news_outcome outcome;
} outcomes[] = { { "changed", NEWS_CHANGED }, { "same", NEWS_SAME },
	{ "stale", NEWS_STALE }, { "unlinked", NEWS_UNLINKED } };

static enum err read_result(struct task *t, const struct pg_rows *rows, void *into)
{
	struct news_result *r = into;

	(void)t;
	for (size_t i = 0; pg_count(rows) && i < sizeof outcomes / sizeof *outcomes; i++) {
		if (str_eq(pg_text(rows, 0, 0), str_of(outcomes[i].name))) {
			r->outcome = outcomes[i].outcome;
			r->tier_changed = pg_bool(rows, 0, 1);
			return ERR_OK;
		}
	}
	return ERR_INTERNAL;
}

outcome_t subscription_apply(struct task *t, const struct subscription_news *n,
	struct news_result *into, step_fn *next)
{
	const struct stripe_subscription *s = n->says;
	const struct uuid *user = uuid_is_nil(&n->user_id) ? &s->user_id : &n->user_id;
	struct pg_params p = { 0 };

	pg_add_i64(&p, n->ticket);
	pg_add_text(&p, n->event_id);
	pg_add_text(&p, s->id);
	pg_add_text(&p, s->customer_id);
	pg_add_uuid(&p, uuid_is_nil(user) ? NULL : user);
	pg_add_text(&p, s->status);
	if (s->period_end_s)
		pg_add_time(&p, s->period_end_s * 1000000);
	else
		pg_add_null(&p);
	pg_add_bool(&p, s->ends_then);
	pg_add_i64(&p, n->grace_s);
	return pg_run(t, &apply, &p, read_result, into, next);
}

static enum err read_flag(struct task *t, const struct pg_rows *rows, void *into)
{
	bool *flag = into;

	(void)t;
	*flag = pg_count(rows) > 0 && pg_bool(rows, 0, 0);
	return ERR_OK;
}

outcome_t customer_drop(struct task *t, int64_t ticket, struct str customer_id,
	int64_t grace_s, bool *tier_changed, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, ticket);
	pg_add_text(&p, customer_id);
	pg_add_i64(&p, grace_s);
	return pg_run(t, &drop, &p, read_flag, tier_changed, next);
}

static enum err read_due(struct task *t, const struct pg_rows *rows, void *into)
{
	struct due_subscription *due = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	due->id = arena_dup(&t->arena, pg_text(rows, 0, 0));
	due->ticket = pg_i64(rows, 0, 1);
	due->user_id = pg_uuid(rows, 0, 2);
	return ERR_OK;
}

outcome_t subscription_claim(
	struct task *t, int64_t age_s, struct due_subscription *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, age_s);
	return pg_run(t, &claim, &p, read_due, into, next);
}

static enum err read_count(struct task *t, const struct pg_rows *rows, void *into)
{
	int64_t *count = into;

	(void)t;
	*count = pg_count(rows) ? pg_i64(rows, 0, 0) : 0;
	return ERR_OK;
}

outcome_t grace_end(struct task *t, int64_t grace_s, int64_t *count, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, grace_s);
	return pg_run(t, &end_grace, &p, read_count, count, next);
}

static enum err read_view(struct task *t, const struct pg_rows *rows, void *into)
{
	struct subscription_view *v = into;

	*v = (struct subscription_view){ .tier = STR("Basic"), .status = STR("none") };
	if (pg_count(rows) == 0)
		return ERR_OK;
	v->tier = arena_dup(&t->arena, pg_text(rows, 0, 0));
	if (!pg_null(rows, 0, 1))
		v->status = arena_dup(&t->arena, pg_text(rows, 0, 1));
	if (!pg_null(rows, 0, 2))
		v->period_end_us = pg_time(rows, 0, 2);
	v->ends_then = pg_bool(rows, 0, 3);
	return ERR_OK;
}

outcome_t subscription_view(struct task *t, const struct uuid *user,
	struct subscription_view *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	return pg_run(t, &view, &p, read_view, into, next);
}
