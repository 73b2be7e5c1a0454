/*
 * Who is Pro: chat's own copy, fed by billing.tier.changed. Applied idempotently under the
 * tier's version, so that repeats and disorder change nothing.
 */
#include "chat.h"
#include "data/bus.h"
#include "data/pg.h"

static const struct pg_stmt apply_tier = { "apply_tier",
	"select chat.apply_tier($1::uuid, $2::text, $3::int8)", .write = true };

static step_fn tier_applied;

static outcome_t tier_changed(struct task *t, const struct event *ev)
{
	const struct msg_tier_changed *m = ev->data;
	struct pg_params p = { 0 };

	if (!str_eq(m->tier, STR("Pro")) && !str_eq(m->tier, STR("Basic"))) {
		log_error("tier-unknown", L_STR("tier", m->tier));
		return inbox_applied(t); /* it will not become known by waiting */
	}
	pg_add_uuid(&p, &m->user_id);
	pg_add_text(&p, m->tier);
	pg_add_i64(&p, m->version);
	return pg_run(t, &apply_tier, &p, NULL, NULL, tier_applied);
}

static outcome_t tier_applied(struct task *t, enum err e)
{
	return e == ERR_OK ? inbox_applied(t) : inbox_failed(t, e);
}

static const struct inbox_handler handlers[] = { { &MSG_TIER_CHANGED, tier_changed },
	{ 0 } };

struct inbox *tiers_open(struct app *app)
{
	return inbox_open(&(struct inbox_options){ .app = app,
		.source = "billing",
		.replay = &MSG_BILLING_REPLAY,
		.handlers = handlers,
		.durable = true });
}
