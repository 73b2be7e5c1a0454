#include "sync.h"

#include "data/bus.h"

static step_fn sync_answered, sync_written;

outcome_t sync_subscription(struct task *t, step_fn *next)
{
	struct sync *y = t->state;

	y->next = next;
	y->call.path = arena_fmt(
		&t->arena, "/v1/subscriptions/%.*s", STR_ARG(y->subscription_id));
	return stripe_call(t, &billing_of(t)->stripe, &y->call, sync_answered);
}

static outcome_t sync_answered(struct task *t, enum err e)
{
	struct billing *b = billing_of(t);
	struct sync *y = t->state;

	if (e == ERR_OK)
		e = stripe_subscription_read(y->call.answer, &y->says);
	if (e == ERR_OK && y->says.livemode != b->livemode)
		e = ERR_INVALID;
	if (e != ERR_OK)
		return y->next(t, e);
	if (!stripe_status_is_known(y->says.status))
		log_warn("subscription-status-unknown", L_STR("status", y->says.status));
	return subscription_apply(t,
		&(struct subscription_news){ .ticket = y->ticket,
			.event_id = y->event_id,
			.says = &y->says,
			.user_id = y->user_id,
			.grace_s = b->past_due_grace_s },
		&y->result, sync_written);
}

static outcome_t sync_written(struct task *t, enum err e)
{
	struct billing *b = billing_of(t);
	struct sync *y = t->state;

	if (e != ERR_OK)
		return y->next(t, e);
	++*b->synced;
	if (y->result.outcome == NEWS_UNLINKED)
		log_warn("subscription-unlinked", L_STR("subscription", y->says.id));
	if (y->result.tier_changed) {
		log_info("tier-changed", L_STR("subscription", y->says.id),
			L_STR("status", y->says.status));
		outbox_kick(b->outbox);
	}
	return y->next(t, ERR_OK);
}
