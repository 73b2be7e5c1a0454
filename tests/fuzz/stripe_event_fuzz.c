// needs: services/billing/stripe_object.c
/* What Stripe sends: ids that come out are fit for a path, whatever went in. */
#include <assert.h>

#include "services/billing/stripe_object.h"

static void check_id(struct str id)
{
	if (!id.ptr)
		return;
	assert(id.len > 0 && id.len <= 255);
	for (size_t i = 0; i < id.len; i++)
		assert(!strchr("/?#%&. \\", id.ptr[i]) && id.ptr[i] > ' ');
}

static void check_event(const struct json *j)
{
	struct stripe_event e;

	if (stripe_event_read(j, &e) != ERR_OK)
		return;
	check_id(e.id);
	check_id(e.object_id);
	check_id(e.subscription_id);
	check_id(e.customer_id);
	assert(e.type.len > 0 && e.type.len <= 255);
	assert(e.action == ACTION_NONE || e.object_id.ptr);
	assert(*event_action_name(e.action));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stripe_subscription s;
	struct stripe_session c;
	const struct json *j;
	const char *why;
	struct arena a;

	arena_init(&a);
	if (json_parse(&a, str_span((const char *)data, size), NULL, &j, &why) == ERR_OK) {
		check_event(j);
		if (stripe_subscription_read(j, &s) == ERR_OK) {
			check_id(s.id);
			check_id(s.customer_id);
			assert(s.period_end_s >= 0 && s.status.len <= 64);
		}
		if (stripe_session_read(j, &c) == ERR_OK) {
			check_id(c.id);
			check_id(c.subscription_id);
		}
		check_id(stripe_invoice_subscription(j));
	}
	arena_fini(&a);
	return 0;
}
