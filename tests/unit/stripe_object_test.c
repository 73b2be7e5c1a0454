// needs: services/billing/stripe_object.c
#include "../../services/billing/stripe_object.h"

#include "base/buf.h"
#include "tests/lib/test.h"

#define USER "0190a0b0-0000-7000-8000-000000000001"

static struct arena arena;

static const struct json *parse(const char *text)
{
	const struct json *j = NULL;
	const char *why = NULL;

	arena_fini(&arena);
	arena_init(&arena);
	if (json_parse(&arena, str_of(text), NULL, &j, &why) != ERR_OK)
		test_fail(__FILE__, __LINE__, "%s: %s", why, text);
	return j;
}

static enum err read_event(const char *text, struct stripe_event *e)
{
	*e = (struct stripe_event){ 0 };
	return stripe_event_read(parse(text), e);
}

/* ---- subscriptions ---- */

TEST(the_period_of_a_subscription_stands_in_its_items)
{
	struct stripe_subscription s;

	CHECK_INT(
		stripe_subscription_read(
			parse("{\"id\":\"sub_1\",\"customer\":\"cus_1\",\"status\":"
			      "\"active\","
			      "\"livemode\":false,\"metadata\":{\"user_id\":\"" USER "\"},"
			      "\"cancel_at_period_end\":false,\"items\":{\"data\":["
			      "{\"current_period_end\":300},{\"current_period_end\":200}]}"
			      "}"),
			&s),
		ERR_OK);
	CHECK_INT(s.period_end_s, 200);
	CHECK_STR(s.id, STR("sub_1"));
	CHECK_STR(s.customer_id, STR("cus_1"));
	CHECK_STR(s.status, STR("active"));
	CHECK(!s.ends_then);
	CHECK(!uuid_is_nil(&s.user_id));
	arena_fini(&arena);
}

TEST(old_versions_have_the_period_on_top)
{
	struct stripe_subscription s;

	CHECK_INT(stripe_subscription_read(
			  parse("{\"id\":\"sub_1\",\"customer\":{\"id\":\"cus_1\"},"
				"\"status\":\"past_due\",\"current_period_end\":123,"
				"\"cancel_at_period_end\":true,\"items\":{\"data\":[{}]}}"),
			  &s),
		ERR_OK);
	CHECK_INT(s.period_end_s, 123);
	CHECK_STR(s.customer_id, STR("cus_1"));
	CHECK(s.ends_then);
	CHECK(uuid_is_nil(&s.user_id));
	arena_fini(&arena);
}

TEST(cancel_at_says_that_it_ends_too)
{
	struct stripe_subscription s;

	CHECK_INT(stripe_subscription_read(
			  parse("{\"id\":\"sub_1\",\"customer\":\"cus_1\",\"status\":"
				"\"active\","
				"\"cancel_at_period_end\":false,\"cancel_at\":123}"),
			  &s),
		ERR_OK);
	CHECK(s.ends_then);
	CHECK_INT(s.period_end_s, 0);
	arena_fini(&arena);
}

TEST(what_is_no_subscription_is_refused)
{
	static const char *const bad[] = { "{}", "[]", "null", "\"sub_1\"",
		"{\"id\":\"sub_1\",\"customer\":\"cus_1\"}",
		"{\"id\":\"sub_1\",\"status\":\"active\"}",
		"{\"id\":\"../x\",\"customer\":\"cus_1\",\"status\":\"active\"}",
		"{\"id\":\"\",\"customer\":\"cus_1\",\"status\":\"active\"}",
		"{\"id\":\"sub_1\",\"customer\":\"c?\",\"status\":\"active\"}",
		"{\"id\":\"sub_1\",\"customer\":\"cus_1\",\"status\":\"\"}",
		"{\"id\":1,\"customer\":\"cus_1\",\"status\":\"active\"}" };
	struct stripe_subscription s;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(stripe_subscription_read(parse(bad[i]), &s), ERR_INVALID);
	arena_fini(&arena);
}

TEST(known_statuses_are_known)
{
	CHECK(stripe_status_is_known(STR("active")));
	CHECK(stripe_status_is_known(STR("incomplete_expired")));
	CHECK(!stripe_status_is_known(STR("hibernating")));
	CHECK(!stripe_status_is_known(STR("")));
}

TEST(the_subscription_of_an_invoice_moved)
{
	CHECK_STR(stripe_invoice_subscription(
			  parse("{\"parent\":{\"subscription_details\":{\"subscription\":"
				"\"sub_new\"}},\"subscription\":\"sub_old\"}")),
		STR("sub_new"));
	CHECK_STR(stripe_invoice_subscription(parse("{\"subscription\":\"sub_old\"}")),
		STR("sub_old"));
	CHECK(!stripe_invoice_subscription(parse("{\"parent\":null}")).ptr);
	arena_fini(&arena);
}

/* ---- events ---- */

#define EVENT(type, object)                                                                \
	"{\"id\":\"evt_1\",\"object\":\"event\",\"created\":1700000000,\"livemode\":"      \
	"false,"                                                                           \
	"\"type\":\"" type "\",\"data\":{\"object\":" object "}}"

TEST(events_about_a_subscription_name_it)
{
	static const char *const types[] = { "customer.subscription.created",
		"customer.subscription.updated", "customer.subscription.deleted",
		"customer.subscription.paused", "customer.subscription.resumed",
		"customer.subscription.trial_will_end" };
	struct stripe_event e;
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		buf_clear(&text);
		buf_addf(&text, EVENT("%s", "{\"id\":\"sub_1\",\"customer\":\"cus_1\"}"),
			types[i]);
		CHECK_INT(read_event(buf_cstr(&text), &e), ERR_OK);
		CHECK_INT(e.action, ACTION_SUBSCRIPTION);
		CHECK_STR(e.subscription_id, STR("sub_1"));
		CHECK_STR(e.customer_id, STR("cus_1"));
		CHECK_INT(e.created_s, 1700000000);
	}
	buf_fini(&text);
	arena_fini(&arena);
}

TEST(a_completed_checkout_names_user_and_subscription)
{
	struct stripe_event e;

	CHECK_INT(read_event(EVENT("checkout.session.completed",
				     "{\"id\":\"cs_1\",\"customer\":\"cus_1\",\"mode\":"
				     "\"subscription\",\"subscription\":\"sub_1\","
				     "\"client_reference_id\":\"" USER "\"}"),
			  &e),
		ERR_OK);
	CHECK_INT(e.action, ACTION_SESSION);
	CHECK_STR(e.object_id, STR("cs_1"));
	CHECK_STR(e.subscription_id, STR("sub_1"));
	CHECK(!uuid_is_nil(&e.user_id));
	CHECK_INT(read_event(EVENT("checkout.session.completed",
				     "{\"id\":\"cs_1\",\"mode\":\"payment\"}"),
			  &e),
		ERR_OK);
	CHECK_INT(e.action, ACTION_NONE);
	arena_fini(&arena);
}

TEST(invoices_in_old_and_new_shape_name_the_subscription)
{
	struct stripe_event e;

	CHECK_INT(
		read_event(EVENT("invoice.paid",
				   "{\"id\":\"in_1\",\"parent\":{\"subscription_details\":"
				   "{\"subscription\":\"sub_1\"}}}"),
			&e),
		ERR_OK);
	CHECK_INT(e.action, ACTION_INVOICE);
	CHECK_STR(e.subscription_id, STR("sub_1"));
	CHECK_INT(read_event(EVENT("invoice.payment_failed",
				     "{\"id\":\"in_1\",\"subscription\":\"sub_2\"}"),
			  &e),
		ERR_OK);
	CHECK_STR(e.subscription_id, STR("sub_2"));
	CHECK_INT(read_event(EVENT("invoice.paid", "{\"id\":\"in_1\"}"), &e), ERR_OK);
	CHECK_INT(e.action, ACTION_NONE);
	arena_fini(&arena);
}

TEST(thin_events_name_the_object_alone)
{
	struct stripe_event e;

	CHECK_INT(read_event(
			  "{\"id\":\"evt_1\",\"object\":\"v2.core.event\",\"type\":"
			  "\"v1.customer.subscription.updated\",\"created\":"
			  "\"2026-11-22T00:00:00Z\",\"related_object\":{\"id\":\"sub_1\","
			  "\"type\":\"subscription\",\"url\":\"/v1/subscriptions/sub_1\"}}",
			  &e),
		ERR_OK);
	CHECK_STR(e.type, STR("customer.subscription.updated"));
	CHECK_INT(e.action, ACTION_SUBSCRIPTION);
	CHECK_STR(e.subscription_id, STR("sub_1"));
	CHECK(!e.has_livemode);
	CHECK_INT(read_event("{\"id\":\"evt_1\",\"object\":\"v2.core.event\",\"type\":"
			     "\"v1.invoice.paid\",\"related_object\":{\"id\":\"in_1\"}}",
			  &e),
		ERR_OK);
	CHECK_INT(e.action, ACTION_INVOICE);
	CHECK(!e.subscription_id.ptr);
	CHECK_STR(e.object_id, STR("in_1"));
	arena_fini(&arena);
}

TEST(unknown_types_are_events_that_ask_for_nothing)
{
	struct stripe_event e;

	CHECK_INT(read_event(EVENT("product.created", "{\"id\":\"prod_1\"}"), &e), ERR_OK);
	CHECK_INT(e.action, ACTION_NONE);
	CHECK(!e.for_operator);
	CHECK_INT(read_event(EVENT("something.new", "{}"), &e), ERR_OK);
	CHECK_INT(e.action, ACTION_NONE);
	CHECK_INT(read_event(EVENT("charge.dispute.created", "{\"id\":\"dp_1\"}"), &e),
		ERR_OK);
	CHECK(e.for_operator);
	arena_fini(&arena);
}

TEST(customers_and_expired_sessions_are_named)
{
	struct stripe_event e;

	CHECK_INT(read_event(EVENT("customer.deleted", "{\"id\":\"cus_1\"}"), &e), ERR_OK);
	CHECK_INT(e.action, ACTION_CUSTOMER_DELETED);
	CHECK_STR(e.customer_id, STR("cus_1"));
	CHECK_INT(read_event(EVENT("checkout.session.expired",
				     "{\"id\":\"cs_1\",\"subscription\":null}"),
			  &e),
		ERR_OK);
	CHECK_INT(e.action, ACTION_SESSION_EXPIRED);
	CHECK_STR(e.object_id, STR("cs_1"));
	arena_fini(&arena);
}

TEST(what_is_no_event_is_refused)
{
	static const char *const bad[] = { "{}", "[]", "7",
		"{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"x\"}",
		"{\"id\":\"evt_1\",\"object\":\"event\",\"livemode\":\"false\",\"type\":"
		"\"x\"}",
		"{\"id\":\"evt_1\",\"object\":\"charge\",\"livemode\":false,\"type\":"
		"\"x\"}",
		"{\"id\":\"evt 1\",\"object\":\"event\",\"livemode\":false,\"type\":\"x\"}",
		"{\"object\":\"event\",\"livemode\":false,\"type\":\"x\"}",
		"{\"id\":\"evt_1\",\"object\":\"event\",\"livemode\":false}",
		"{\"id\":\"evt_1\",\"object\":\"v2.core.event\",\"type\":\"v1.\"}",
		EVENT("customer.subscription.updated", "{}"),
		EVENT("customer.subscription.updated", "{\"id\":\"sub_1/../x\"}"),
		EVENT("customer.deleted", "null") };
	struct stripe_event e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (read_event(bad[i], &e) != ERR_INVALID)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
	}
	arena_fini(&arena);
}

TEST(actions_have_names_that_read_back)
{
	enum event_action a;

	for (int i = ACTION_NONE; i <= ACTION_CUSTOMER_DELETED; i++) {
		CHECK(event_action_parse(
			str_of(event_action_name((enum event_action)i)), &a));
		CHECK_INT(a, i);
	}
	CHECK(!event_action_parse(STR("dance"), &a));
}
