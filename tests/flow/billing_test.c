// needs: tests/flow/billing_fixture.c
/*
 * From Basic to Pro and back: checkout, paying, the portal, what Stripe does to a
 * subscription, and Stripe or Postgres being away.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/flow/billing_fixture.h"

static struct str code_of(const struct answer *r)
{
	return answer_str(r, "code");
}

/* ---- the bus, as another service hears it ---- */

/* A connection on which the next thing that comes is a message. */
static int bus_listen(void)
{
	static const char subscribe[] = "SUBSCRIBE castor:test:billing.tier.changed\r\n";
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)redis.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char welcome[256];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	CHECK(send(fd, subscribe, sizeof subscribe - 1, 0) > 0);
	CHECK(recv(fd, welcome, sizeof welcome, 0) > 0);
	return fd;
}

/* The envelope of that message; NULL if none came. Closes the connection. */
static const struct json *bus_hear(struct arena *a, int fd)
{
	char *text = arena_alloc(a, 8192);
	const struct json *j = NULL;
	const char *why, *open = NULL;
	size_t len = 0;
	ssize_t n;

	while (!(open = strchr(text, '{')) || !strstr(open, "}\r\n")) {
		n = recv(fd, text + len, 8191 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	if (open && json_parse(a, str_trim(str_span(open, strcspn(open, "\r"))), NULL, &j,
			    &why) != ERR_OK)
		j = NULL;
	return j;
}

/* ---- checkout ---- */

TEST(paying_makes_the_user_pro_and_the_others_are_told)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	struct answer r = get(&a, &u, "/subscription/status");

	CHECK_INT(r.status, 200);
	CHECK_STR(answer_str(&r, "subscription_tier"), STR("Basic"));
	CHECK_STR(answer_str(&r, "status"), STR("none"));
	CHECK(json_get(r.json, "current_period_end")->kind == JSON_NULL);

	int bus = bus_listen();

	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	const struct json *said = bus_hear(&a, bus);
	int64_t version = 0;

	CHECK_STR(json_text(json_get(said, "type")), STR("billing.tier.changed"));
	CHECK_STR(json_text(json_get(said, "subject")), str_of(u.text));
	CHECK_STR(json_text(json_at(said, "data.user_id")), str_of(u.text));
	CHECK_STR(json_text(json_at(said, "data.tier")), STR("Pro"));
	CHECK(json_i64(json_at(said, "data.version"), &version) && version == 1);

	r = get(&a, &u, "/subscription/status");
	CHECK_STR(answer_str(&r, "status"), STR("active"));
	CHECK_INT(answer_str(&r, "current_period_end").len, 27);
	CHECK(!json_is_true(json_get(r.json, "cancel_at_period_end")));
	CHECK(events_are_done());
	CHECK_INT(tier_version(&u), 1);
	CHECK_INT(
		sql_int("select count(*) from billing.outbox where subject = '%s'", u.text),
		1);
	arena_fini(&a);
}

TEST(asking_again_gives_the_same_checkout)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	struct answer r = get(&a, &u, "/subscribe/pro"), again;
	struct str url = answer_str(&r, "checkout_url");

	CHECK_INT(r.status, 200);
	CHECK(url.len > 0);
	CHECK_STR(answer_header(&r, STR("Cache-Control")), STR("no-store"));
	CHECK(str_starts(answer_header(&r, STR("Deprecation")), STR("@")));
	again = post(&a, &u, "/subscribe/pro/");
	CHECK_INT(again.status, 200);
	CHECK_STR(answer_str(&again, "checkout_url"), url);
	CHECK(!answer_header(&again, STR("Deprecation")).ptr);
	again = talk(&a, second.socket,
		&(struct talk){ .path = "/subscribe/pro", .token = u.token, .body = "{}" });
	CHECK_STR(answer_str(&again, "checkout_url"), url);
	arena_fini(&a);
}

TEST(many_at_once_make_one_customer_and_one_session)
{
	fixture_start();
	enum { MANY = 20 };
	long long customers = stripe_count("customers"),
		  sessions = stripe_count("sessions");
	struct user u = user_new();
	struct str url = STR_NONE;
	struct arena a;
	int fd[MANY];

	arena_init(&a);
	for (int i = 0; i < MANY; i++)
		fd[i] = talk_send(i % 2 ? billing.socket : second.socket,
			&(struct talk){ .path = "/subscribe/pro", .token = u.token });
	for (int i = 0; i < MANY; i++) {
		struct answer r = talk_read(&a, fd[i]);

		CHECK_INT(r.status, 200);
		if (i == 0)
			url = answer_str(&r, "checkout_url");
		CHECK_STR(answer_str(&r, "checkout_url"), url);
	}
	CHECK_INT(stripe_count("customers"), customers + 1);
	CHECK_INT(stripe_count("sessions"), sessions + 1);
	arena_fini(&a);
}

TEST(who_is_pro_cannot_buy_it_again)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	long long sessions = stripe_count("sessions");
	struct answer r = get(&a, &u, "/subscribe/pro");

	CHECK_INT(r.status, 409);
	CHECK_STR(code_of(&r), STR("already_subscribed"));
	CHECK_INT(post(&a, &u, "/subscribe/pro").status, 409);
	CHECK_INT(stripe_count("sessions"), sessions);
	arena_fini(&a);
}

/* No event came at all: the user's next question finds out. */
TEST(a_paid_checkout_is_noticed_when_it_is_asked_for_again)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	stripe_control("{\"webhooks\":\"off\"}");
	user_pays(&u);
	struct answer r = post(&a, &u, "/subscribe/pro");

	CHECK_INT(r.status, 409);
	CHECK_STR(code_of(&r), STR("already_subscribed"));
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

TEST(an_expired_checkout_is_replaced)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	const char *one = user_checkout(&a, &u);
	struct answer r = stripe_call(
		&a, "POST", arena_fmt(&a, "/v1/checkout/sessions/%s/expire", one).ptr);

	CHECK_INT(r.status, 200);
	const char *two = user_checkout(&a, &u);

	CHECK(strcmp(one, two) != 0);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

TEST(a_user_without_a_token_is_refused)
{
	fixture_start();
	static const char *const gets[] = { "/subscribe/pro", "/subscription/status" };
	static const char *const posts[] = { "/subscribe/pro", "/subscription/portal" };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(get(&a, NULL, gets[i]).status, 401);
		CHECK_INT(post(&a, NULL, posts[i]).status, 401);
	}
	CHECK_INT(get(&a, NULL, "/subscription/done").status, 200);
	arena_fini(&a);
}

TEST(a_body_with_unknown_members_is_refused)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	CHECK_INT(talk(&a, billing.socket,
			  &(struct talk){ .path = "/subscribe/pro",
				  .token = u.token,
				  .body = "{\"plan\":\"free\"}" })
			  .status,
		400);
	CHECK_INT(talk(&a, billing.socket,
			  &(struct talk){ .path = "/subscription/portal",
				  .token = u.token,
				  .body = "nonsense" })
			  .status,
		400);
	CHECK_INT(tier_version(&u), -1);
	arena_fini(&a);
}

/* ---- Stripe away ---- */

TEST(without_stripe_a_checkout_is_503_and_later_the_same_customer)
{
	fixture_start();
	long long customers = stripe_count("customers");
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	stripe_control("{\"fail_status\":503}");
	struct answer r = get(&a, &u, "/subscribe/pro");

	CHECK_INT(r.status, 503);
	CHECK(answer_header(&r, STR("Retry-After")).len > 0);
	stripe_control("{\"fail_status\":401}"); /* our key: the user cannot help it */
	CHECK_INT(post(&a, &u, "/subscribe/pro").status, 503);
	stripe_control("{\"fail_status\":0}");
	CHECK(*user_checkout(&a, &u));
	CHECK_INT(stripe_count("customers"), customers + 1);
	stripe_control("{\"fail_status\":500}");
	CHECK_INT(post(&a, &u, "/subscribe/pro").status, 503);
	CHECK_INT(post(&a, &u, "/subscription/portal").status, 503);
	CHECK_INT(get(&a, &u, "/subscription/status").status, 200);
	arena_fini(&a);
}

/* Stripe remembers a 500 under the call's idempotency key: the next try must have another.
 */
TEST(a_failure_that_stripe_remembers_is_not_for_ever)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	stripe_control("{\"fail_status\":500,\"fail_times\":1,\"fail_stored\":true}");
	CHECK_INT(post(&a, &u, "/subscribe/pro").status, 503); /* the customer */
	CHECK(*user_checkout(&a, &u));
	sql_exec("delete from billing.checkouts where user_id = '%s'", u.text);
	stripe_control("{\"fail_status\":500,\"fail_times\":1}");
	CHECK_INT(post(&a, &u, "/subscribe/pro").status, 503); /* the session */
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

TEST(events_that_come_while_stripe_is_away_are_worked_off_later)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	const char *session = user_checkout(&a, &u);

	stripe_control("{\"fail_status\":500}");
	CHECK_INT(
		stripe_call(&a, "POST", arena_fmt(&a, "/pay/%s", session).ptr).status, 303);
	CHECK(
		sql_becomes_true("select count(*) > 0 from billing.events"
				 " where state = 'waiting' and error = 'unavailable'"));
	struct answer r = get(&a, &u, "/subscription/status");

	CHECK_STR(answer_str(&r, "subscription_tier"), STR("Basic"));
	stripe_control("{\"fail_status\":0}");
	CHECK(user_becomes(&u, "Pro"));
	CHECK(events_are_done());
	CHECK_INT(tier_version(&u), 1);
	arena_fini(&a);
}

/* ---- what becomes of a subscription ---- */

TEST(the_portal_is_for_those_who_have_something_to_manage)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	struct answer r = post(&a, &u, "/subscription/portal");

	CHECK_INT(r.status, 409);
	CHECK_STR(code_of(&r), STR("no_customer"));
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	r = post(&a, &u, "/subscription/portal");
	CHECK_INT(r.status, 200);
	const char *url = answer_z(&a, &r, "url"), *path = strstr(url, "/portal/");

	CHECK(path != NULL);
	struct answer page = stripe_call(&a, "GET", path ? path : "/");

	CHECK_INT(page.status, 200);
	CHECK(memmem(page.body.ptr, page.body.len, "Cancel", 6) != NULL);
	arena_fini(&a);
}

TEST(cancelling_keeps_pro_to_the_end_of_the_period)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	const char *sub = subscription_of(&a, &u);
	struct answer r = talk(&a, stripe.socket,
		&(struct talk){ .path = arena_fmt(&a, "/v1/subscriptions/%s", sub).ptr,
			.token = STRIPE_KEY,
			.type = "application/x-www-form-urlencoded",
			.body = "cancel_at_period_end=true" });

	CHECK_INT(r.status, 200);
	CHECK(
		sql_becomes_true("select cancel_at_period_end from billing.subscriptions"
				 " where subscription_id = '%s'",
			sub));
	r = get(&a, &u, "/subscription/status");
	CHECK_STR(answer_str(&r, "subscription_tier"), STR("Pro"));
	CHECK(json_is_true(json_get(r.json, "cancel_at_period_end")));
	CHECK_INT(tier_version(&u), 1);
	r = stripe_call(&a, "DELETE", arena_fmt(&a, "/v1/subscriptions/%s", sub).ptr);
	CHECK_INT(r.status, 200);
	CHECK(user_becomes(&u, "Basic"));
	CHECK_INT(tier_version(&u), 2);
	r = get(&a, &u, "/subscription/status");
	CHECK_STR(answer_str(&r, "status"), STR("canceled"));
	CHECK(*user_checkout(&a, &u)); /* and may come back */
	arena_fini(&a);
}

TEST(each_status_gives_its_access)
{
	fixture_start();
	static const struct {
		const char *status, *tier;
	} cases[] = { { "trialing", "Pro" }, { "past_due", "Pro" }, { "unpaid", "Basic" },
		{ "active", "Pro" }, { "paused", "Basic" }, { "active", "Pro" },
		{ "incomplete", "Basic" }, { "active", "Pro" },
		{ "incomplete_expired", "Basic" }, { "trialing", "Pro" },
		{ "a_new_one", "Basic" }, { "active", "Pro" }, { "canceled", "Basic" } };
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	const char *sub = subscription_of(&a, &u);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stripe_force(
			sub, arena_fmt(&a, "{\"status\":\"%s\"}", cases[i].status).ptr);
		CHECK(
			sql_becomes_true("select status = '%s' from billing.subscriptions"
					 " where subscription_id = '%s'",
				cases[i].status, sub));
		if (!user_becomes(&u, cases[i].tier))
			test_fail(__FILE__, __LINE__, "%s is not %s", cases[i].status,
				cases[i].tier);
	}
	CHECK(events_are_done());
	/* Pro, and eleven changes: from active over trialing to past_due was none. */
	CHECK_INT(tier_version(&u), 12);
	arena_fini(&a);
}

/* As if the payment had failed so long ago. */
static void fail_since(const char *sub, const char *interval)
{
	sql_exec(
		"update billing.subscriptions set past_due_since = now() - interval '%s'"
		" where subscription_id = '%s'",
		interval, sub);
}

TEST(grace_ends)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	const char *sub = subscription_of(&a, &u);

	stripe_force(sub, "{\"status\":\"past_due\"}");
	CHECK(stripe_has_delivered() && events_are_done());
	fail_since(sub, "13 days");
	second_restart();
	stripe_force(sub, "{\"status\":\"past_due\"}");
	CHECK(stripe_has_delivered() && events_are_done());
	CHECK_INT(tier_version(&u), 1);
	CHECK_INT(sql_int("select past_due_since < now() - interval '12 days'"
			  " from billing.subscriptions where subscription_id = '%s'",
			  sub),
		1); /* the clock is not set back */
	fail_since(sub, "14 days 1 minute");
	second_restart(); /* no event comes: the chores see it */
	CHECK(user_becomes(&u, "Basic"));
	CHECK_INT(tier_version(&u), 2);
	stripe_force(sub, "{\"status\":\"active\"}");
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

TEST(a_deleted_customer_is_basic_and_may_come_back)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	struct answer r = stripe_call(&a, "GET",
		arena_fmt(&a, "/v1/subscriptions/%s", subscription_of(&a, &u)).ptr);
	const char *customer = answer_z(&a, &r, "customer");

	r = stripe_call(&a, "DELETE", arena_fmt(&a, "/v1/customers/%s", customer).ptr);
	CHECK_INT(r.status, 200);
	CHECK(user_becomes(&u, "Basic"));
	CHECK(events_are_done());
	CHECK_INT(sql_int("select count(*) from billing.accounts where user_id = '%s'"
			  " and customer_id is null",
			  u.text),
		1);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	CHECK_INT(tier_version(&u), 3);
	arena_fini(&a);
}

/* Its event was lost, and a checkout is asked for: Stripe says that there is no such
 * customer. */
TEST(a_customer_that_is_gone_is_replaced)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	CHECK(*user_checkout(&a, &u));
	sql_exec("delete from billing.checkouts where user_id = '%s'", u.text);
	sql_exec(
		"update billing.accounts set customer_id = 'cus_gone_' || right('%s', 8)"
		" where user_id = '%s'",
		u.text, u.text);
	CHECK(*user_checkout(&a, &u));
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

/* ---- what no event told ---- */

TEST(drift_is_repaired_and_counted)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	user_pays(&u);
	CHECK(user_becomes(&u, "Pro"));
	CHECK(events_are_done());
	const char *sub = subscription_of(&a, &u);

	stripe_control("{\"webhooks\":\"off\"}");
	stripe_force(sub, "{\"status\":\"unpaid\"}");
	sql_exec(
		"update billing.subscriptions set checked_at = now() - interval '2 days'"
		" where subscription_id = '%s'",
		sub);
	second_restart();
	CHECK(user_becomes(&u, "Basic"));
	struct answer m = talk(&a, second.admin, &(struct talk){ .path = "/metrics" });

	CHECK(memmem(m.body.ptr, m.body.len, "castor_billing_drift_total 1", 28) != NULL);
	arena_fini(&a);
}

TEST(events_that_never_came_are_asked_for)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	stripe_control("{\"webhooks\":\"off\"}");
	user_pays(&u);
	second_restart();
	CHECK(user_becomes(&u, "Pro"));
	CHECK(events_are_done());
	arena_fini(&a);
}

/* ---- Postgres away ---- */

TEST(without_postgres_stripe_is_told_to_come_again)
{
	fixture_start();
	struct user u = user_new();
	struct arena a;

	arena_init(&a);
	const char *session = user_checkout(&a, &u);

	pg_server_down(postgres);
	CHECK_INT(get(&a, &u, "/subscription/status").status, 503);
	CHECK_INT(webhook(&a,
			  "{\"id\":\"evt_away\",\"object\":\"event\",\"livemode\":false,"
			  "\"type\":\"a.b\",\"data\":{\"object\":{}}}")
			  .status,
		503);
	CHECK_INT(
		stripe_call(&a, "POST", arena_fmt(&a, "/pay/%s", session).ptr).status, 303);
	pg_server_up(postgres);
	CHECK(user_becomes(&u, "Pro"));
	arena_fini(&a);
}

/* ---- the end ---- */

TEST(no_log_holds_a_secret)
{
	static const char *const secrets[] = { WEBHOOK_SECRET, PREVIOUS_SECRET, STRIPE_KEY,
		TOKEN_SECRET, "v1=", "eyJ" };
	struct process *const all[] = { &billing, &second };
	struct arena a;

	fixture_start();
	arena_init(&a);
	for (size_t i = 0; i < 2; i++) {
		struct str log = process_log(all[i], &a);

		CHECK(log.len > 0);
		for (size_t s = 0; s < sizeof secrets / sizeof *secrets; s++) {
			if (memmem(log.ptr, log.len, secrets[s], strlen(secrets[s])))
				test_fail(
					__FILE__, __LINE__, "the log holds %s", secrets[s]);
		}
	}
	arena_fini(&a);
}

TEST(zz_all_end_well)
{
	fixture_start();
	fixture_stop();
}
