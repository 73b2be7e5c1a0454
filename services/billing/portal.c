/*
 * POST /subscription/portal: a page at Stripe where the user manages the subscription.
 *
 * Find the user's customer, ask Stripe for a portal session, reply its address. Who never
 * came near to paying has none: 409.
 */
#include "accounts_store.h"
#include "billing.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"
#include "stripe_form.h"

static const struct problem no_customer = { 409, "no_customer",
	"There is nothing to manage", NULL };

struct portal {
	struct str customer_id;
	struct stripe_call call;
};

static step_fn portal_found, portal_opened;

outcome_t portal_post(struct task *t)
{
	struct portal *p = task_new(t, struct portal);

	if (http_req(t)->body.len && !params_read_all(t, NULL, 0))
		return reply_invalid(t);
	return account_customer(t, &t->caller->user_id, &p->customer_id, portal_found);
}

static outcome_t portal_found(struct task *t, enum err e)
{
	struct billing *b = billing_of(t);
	struct portal *p = t->state;
	struct uuid once = uuid_v7();
	char key[UUID_TEXT_SIZE];

	if (e == ERR_NOT_FOUND)
		return reply_problem(t, &no_customer,
			"You have no subscription yet: POST /subscribe/pro makes one.");
	if (e != ERR_OK)
		return reply_error(t, e);
	uuid_format(&once, key);
	form_put(&p->call.form, "customer", p->customer_id);
	form_put(&p->call.form, "return_url",
		arena_fmt(&t->arena, "%s/subscription/done", b->public_url));
	p->call.path = STR("/v1/billing_portal/sessions");
	p->call.key = arena_fmt(&t->arena, "castor-portal-%s", key).ptr;
	return stripe_call(t, &b->stripe, &p->call, portal_opened);
}

static outcome_t portal_opened(struct task *t, enum err e)
{
	struct portal *p = t->state;
	struct str url = STR_NONE;
	struct json_writer *w;

	if (e == ERR_OK)
		url = json_text(json_get(p->call.answer, "url"));
	if (!url.len)
		return reply_error(t, ERR_UNAVAILABLE);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_str(w, "url", url);
	json_end(w);
	return reply_json(t, 200);
}
