/* billing.tier.changed: the display copy of who is Pro. Nothing is decided by it. */
#include "users_store.h"

static step_fn applied;

static outcome_t apply_tier(struct task *t, const struct event *ev)
{
	const struct msg_tier_changed *m = ev->data;

	if (!str_eq(m->tier, STR("Basic")) && !str_eq(m->tier, STR("Pro"))) {
		log_error("tier-unknown", L_STR("tier", m->tier));
		return inbox_applied(t); /* it would be no better the next time */
	}
	return users_set_tier(t, &m->user_id, m->tier, m->version, applied);
}

static outcome_t applied(struct task *t, enum err e)
{
	return e == ERR_OK ? inbox_applied(t) : inbox_failed(t, e);
}

const struct inbox_handler tier_handlers[] = {
	{ &MSG_TIER_CHANGED, apply_tier },
	{ 0 },
};
