// needs: tests/flow/billing_fixture.c
/*
 * Webhooks: what is let in, and that neither order nor repetition of events matters.
 */
#include <stdio.h>

#include "base/clock.h"
#include "tests/flow/billing_fixture.h"

#define EVENT(id, type)                                                                    \
	"{\"id\":\"" id                                                                    \
	"\",\"object\":\"event\",\"created\":1700000000,\"livemode\":false,"               \
	"\"type\":\"" type "\",\"data\":{\"object\":{\"id\":\"x_1\"}}}"

static long long stored(const char *id)
{
	return sql_int("select count(*) from billing.events where event_id = '%s'", id);
}

/* ---- what is let in ---- */

TEST(a_signed_event_is_stored_and_a_repeat_changes_nothing)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	for (int i = 0; i < 3; i++) {
		struct answer r = webhook(&a, EVENT("evt_plain", "something.unknown"));

		CHECK_INT(r.status, 200);
		CHECK_STR(answer_str(&r, "status"), STR("success"));
	}
	CHECK_INT(stored("evt_plain"), 1);
	CHECK_INT(sql_int("select count(*) from billing.events where event_id = 'evt_plain'"
			  " and state = 'done' and attempts = 0"),
		1);
	arena_fini(&a);
}

TEST(a_bad_signature_stores_nothing)
{
	fixture_start();
	const char *body = EVENT("evt_bad", "something.unknown");
	int64_t now = clock_wall_s();
	struct arena a;

	arena_init(&a);
	struct answer r = webhook_signed(&a, body, "whsec_guessed", now);

	CHECK_INT(r.status, 400);
	CHECK_STR(answer_str(&r, "code"), STR("bad_signature"));
	CHECK_INT(webhook_signed(&a, body, WEBHOOK_SECRET, now - 400).status, 400);
	CHECK_INT(webhook_signed(&a, body, WEBHOOK_SECRET, now + 400).status, 400);
	CHECK_INT(webhook_signed(&a, body, "", now).status, 400);
	r = talk(&a, billing.socket,
		&(struct talk){ .path = "/webhook/stripe", .body = body });
	CHECK_INT(r.status, 400);
	r = post(&a, NULL, "/webhook/stripe");
	CHECK_INT(r.status, 400);
	CHECK_INT(stored("evt_bad"), 0);
	arena_fini(&a);
}

TEST(the_previous_secret_still_lets_events_in)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	CHECK_INT(webhook_signed(&a, EVENT("evt_previous", "something.unknown"),
			  PREVIOUS_SECRET, clock_wall_s())
			  .status,
		200);
	CHECK_INT(stored("evt_previous"), 1);
	arena_fini(&a);
}

TEST(signed_nonsense_is_refused)
{
	fixture_start();
	static const char *const bodies[] = { "", "{", "[]", "null", "\"evt\"", "{}",
		EVENT("evt_n", "x") " x", EVENT("evt_n'; --", "x"),
		EVENT("evt_n", "x\\u0000"), EVENT("evt_n\",\"id\":\"evt_m", "x"),
		"{\"id\":\"evt_n\",\"object\":\"event\",\"livemode\":false}" };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct answer r = webhook(&a, bodies[i]);

		CHECK_INT(r.status, 400);
	}
	CHECK_INT(stored("evt_n"), 0);
	arena_fini(&a);
}

TEST(an_event_of_the_other_mode_is_refused)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct answer r = webhook(&a,
		"{\"id\":\"evt_live\",\"object\":\"event\",\"livemode\":true,"
		"\"type\":\"x\",\"data\":{\"object\":{}}}");

	CHECK_INT(r.status, 400);
	CHECK_STR(answer_str(&r, "code"), STR("wrong_livemode"));
	CHECK_INT(stored("evt_live"), 0);
	arena_fini(&a);
}

TEST(a_body_over_a_mebibyte_is_413)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	char *body = arena_bytes(&a, (1 << 20) + 2);

	memset(body, ' ', (1 << 20) + 1);
	body[(1 << 20) + 1] = '\0';
	CHECK_INT(webhook(&a, body).status, 413);
	body[(1 << 20)] = '\0';
	CHECK_INT(webhook(&a, body).status, 400); /* let in, and then no event */
	arena_fini(&a);
}

/* A subscription that Stripe does not know leaves everything as it is. */
TEST(an_event_about_nothing_is_closed)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	CHECK_INT(webhook(&a, EVENT("evt_nothing", "customer.subscription.updated")).status,
		200);
	CHECK(events_are_done());
	CHECK_INT(sql_int("select count(*) from billing.subscriptions"
			  " where subscription_id = 'x_1'"),
		0);
	arena_fini(&a);
}

/* ---- order and repetition ---- */

/* As if nothing had ever been heard of this subscription. */
static void forget(const struct user *u)
{
	sql_exec("delete from billing.events");
	sql_exec("delete from billing.subscriptions where user_id = '%s'", u->text);
	sql_exec("delete from billing.checkouts where user_id = '%s'", u->text);
	sql_exec(
		"update billing.accounts set tier = 'Basic', version = 0"
		" where user_id = '%s'",
		u->text);
}

static bool next_permutation(int *order, int n)
{
	int i = n - 2, j = n - 1;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	int swap = order[i];

	order[i] = order[j];
	order[j] = swap;
	for (int from = i + 1, to = n - 1; from < to; from++, to--) {
		swap = order[from];
		order[from] = order[to];
		order[to] = swap;
	}
	return true;
}

static int check_order(const struct user *u, const char *const *ids, const int *order,
	int n, const char *want)
{
	forget(u);
	for (int i = 0; i < n; i++)
		CHECK_INT(stripe_resend(ids[order[i]]), 200);
	CHECK(events_are_done());
	return sql_int("select (a.tier, a.version, s.status, s.cancel_at_period_end)"
		       " is not distinct from (%s) from billing.accounts a"
		       " join billing.subscriptions s using (user_id) where user_id = '%s'",
		       want, u->text) == 1;
}

/* Every order of the first n events of the user's subscription. */
static void check_all_orders(const struct user *u, int n, const char *want)
{
	const char *ids[8];
	int order[8] = { 0, 1, 2, 3, 4, 5, 6, 7 }, orders = 0, good = 0;
	struct arena a;

	arena_init(&a);
	CHECK_INT(stripe_events_of(&a, subscription_of(&a, u), ids, 8), n);
	do {
		orders++;
		good += check_order(u, ids, order, n, want);
	} while (next_permutation(order, n));
	CHECK_INT(good, orders);
	arena_fini(&a);
}

TEST(every_order_of_the_events_ends_in_the_same_state)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	stripe_control("{\"webhooks\":\"off\"}");
	user_pays(&u);
	const char *sub = subscription_of(&a, &u);

	stripe_force(sub, "{\"status\":\"unpaid\"}");
	check_all_orders(&u, 4, "'Basic', 0::int8, 'unpaid', false");
	stripe_force(sub, "{\"status\":\"active\"}");
	check_all_orders(&u, 5, "'Pro', 1::int8, 'active', false");
	arena_fini(&a);
}

TEST(doubled_and_reversed_events_change_the_tier_once)
{
	fixture_start();
	static const char *const modes[] = { "duplicate", "reverse" };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < 2; i++) {
		struct user u = user_new();

		stripe_control(arena_fmt(&a, "{\"webhooks\":\"%s\"}", modes[i]).ptr);
		user_pays(&u);
		CHECK(user_becomes(&u, "Pro"));
		CHECK(stripe_has_delivered());
		CHECK(events_are_done());
		CHECK_INT(tier_version(&u), 1);
		CHECK_INT(
			sql_int("select count(*) from billing.outbox where subject = '%s'",
				u.text),
			1);
	}
	arena_fini(&a);
}

TEST(thin_events_do_the_same)
{
	fixture_start();
	static const char *const one_at_a_time[] = { "checkout.session.completed",
		"customer.subscription.created", "invoice.paid" };
	struct user u = user_new();
	const char *ids[8];
	struct arena a;

	arena_init(&a);
	stripe_control("{\"webhooks\":\"off\",\"thin\":true}");
	user_pays(&u);
	CHECK_INT(stripe_events_of(&a, subscription_of(&a, &u), ids, 8), 3);
	for (int i = 0; i < 3; i++) {
		forget(&u);
		CHECK_INT(stripe_resend(ids[i]), 200);
		CHECK(events_are_done());
		if (!user_becomes(&u, "Pro"))
			test_fail(__FILE__, __LINE__, "%s alone does it not",
				one_at_a_time[i]);
	}
	arena_fini(&a);
}

/* Writes an answer of Stripe, as sync.c does; later: how many tickets were drawn meanwhile.
 */
static void apply(const struct user *u, const char *sub, const char *status, int later)
{
	sql_exec(
		"select billing.apply_subscription(nextval('billing.tickets') + %d,"
		" null, 'sub_%s_%s', 'cus_%s', '%s', '%s', null, false, 0)",
		later, sub, u->text, u->text, u->text, status);
}

/* Stripe was asked twice, and the first answer comes to be written last. */
TEST(an_older_answer_never_overwrites_a_newer_one)
{
	fixture_start();
	struct user u = user_new();

	apply(&u, "a", "active", 1000);
	CHECK_INT(tier_version(&u), 1);
	apply(&u, "a", "canceled", 0);
	CHECK(user_becomes(&u, "Pro"));
	CHECK_INT(tier_version(&u), 1);
	apply(&u, "a", "canceled", 2000);
	CHECK(user_becomes(&u, "Basic"));
	CHECK_INT(tier_version(&u), 2);
}

/* Two subscriptions of one user: Pro as long as one of them gives it. */
TEST(the_tier_is_that_of_all_subscriptions)
{
	fixture_start();
	static const struct {
		const char *sub, *status, *tier;
	} steps[] = { { "a", "active", "Pro" }, { "b", "active", "Pro" },
		{ "a", "canceled", "Pro" }, { "b", "canceled", "Basic" } };
	struct user u = user_new();

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		apply(&u, steps[i].sub, steps[i].status, 0);
		CHECK(user_becomes(&u, steps[i].tier));
	}
	CHECK_INT(tier_version(&u), 2);
}

/* It was thought to be u's, and its customer turns out to be v. */
TEST(a_subscription_that_changes_hands_changes_both_tiers)
{
	fixture_start();
	struct user u = user_new(), v = user_new();

	apply(&u, "a", "active", 0);
	sql_exec("update billing.accounts set customer_id = null where user_id = '%s'",
		u.text);
	sql_exec(
		"insert into billing.accounts (user_id, customer_id)"
		" values ('%s', 'cus_%s')",
		v.text, u.text);
	apply(&u, "a", "active", 0);
	CHECK(user_becomes(&v, "Pro"));
	CHECK(user_becomes(&u, "Basic"));
}

TEST(a_subscription_of_nobody_is_set_aside)
{
	fixture_start();
	CHECK_INT(sql_int("select outcome = 'unlinked' from"
			  " billing.apply_subscription(nextval('billing.tickets'), null,"
			  " 'sub_nobody', 'cus_nobody', null, 'active', null, false, 0)"),
		1);
	CHECK_INT(sql_int("select count(*) from billing.subscriptions"
			  " where subscription_id = 'sub_nobody'"),
		0);
}

/* What is claimed is nobody else's until the claim ends. */
TEST(a_claim_ends_by_itself)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	stripe_control("{\"webhooks\":\"off\"}");
	user_pays(&u);
	const char *sub = subscription_of(&a, &u);

	/* As a copy that died with the event in hand leaves it. */
	sql_exec(
		"insert into billing.events (event_id, type, action, object_id,"
		" subscription_id, state, attempts, next_try_at)"
		" values ('evt_dead', 'customer.subscription.updated', 'subscription',"
		" '%s', '%s', 'waiting', 1, now() + interval '90 seconds')",
		sub, sub);
	CHECK_INT(sql_int("select count(*) from billing.claim_event(90)"), 0);
	sql_exec(
		"update billing.events set next_try_at = now()"
		" where event_id = 'evt_dead'");
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

TEST(zz_all_end_well)
{
	fixture_start();
	fixture_stop();
}
