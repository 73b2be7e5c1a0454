// needs: tests/flow/gateway_fixture.c
/* Three gateways and one Redis: together they let through what the limit says. */
#include <stdlib.h>

#include "base/clock.h"
#include "tests/flow/gateway_fixture.h"
#include "tests/lib/redis_server.h"

#define GATEWAYS 3
#define HOST     "Host: api.example.com\r\n"

static struct redis_server redis;
static struct process gateways[GATEWAYS];
static uint64_t began_us;

/* The last gateway has `other` in place of `limit`, if that is not NULL. */
static void start_with(const char *limit, const char *other)
{
	const char *settings[] = { NULL, limit, NULL };

	redis_server_start(&redis, NULL);
	settings[0] = fixture_format("REDIS_URL=%s", redis.unix_url);
	fixture_begin(settings);
	gateways[0] = fx.gateway;
	for (int i = 1; i < GATEWAYS; i++)
		fixture_gateway(&gateways[i], i == GATEWAYS - 1 ? other : NULL);
	for (int i = 0; i < GATEWAYS; i++)
		CHECK(process_ready(&gateways[i]));
	began_us = clock_mono_us();
}

static void start(const char *limit)
{
	start_with(limit, NULL);
}

static void stop(void)
{
	fx.gateway = gateways[0];
	for (int i = 1; i < GATEWAYS; i++)
		CHECK_INT(process_stop(&gateways[i]), 0);
	fixture_stop();
	redis_server_stop(&redis);
}

/* fixture_format's texts do not last. */
static const char *kept_bearer(void)
{
	return arena_fmt(&fx.arena, "%s", fixture_bearer(NULL)).ptr;
}

static int get_at(int gateway, const char *bearer)
{
	fx.gateway = gateways[gateway];
	return ask(
		str_of(fixture_format("GET /user/me HTTP/1.1\r\n" HOST "%s\r\n", bearer)));
}

static int code_at(int gateway)
{
	fx.gateway = gateways[gateway];
	return ASK("POST /auth/send-otp HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
}

/* At 60 a minute one comes back every second. */
static int came_back(void)
{
	return (int)((clock_mono_us() - began_us) / 1000000) + 1;
}

TEST(gateways_together_keep_to_a_user_s_limit)
{
	const char *bearer;
	int allowed = 0;

	start("LIMIT_READ_PER_USER=60");
	bearer = kept_bearer();
	for (int i = 0; i < 40 * GATEWAYS; i++)
		allowed += get_at(i % GATEWAYS, bearer) == 200;
	CHECK(allowed >= 60);
	CHECK(allowed <= 60 + 3 * GATEWAYS + came_back()); /* a slice is three */
	CHECK_INT(fx.client.status, 429);
	stop();
}

TEST(what_one_gateway_let_through_another_knows)
{
	const char *bearer;

	start("LIMIT_READ_PER_USER=20");
	bearer = kept_bearer();
	for (int i = 0; i < 20; i++)
		CHECK_INT(get_at(0, bearer), 200);
	CHECK_INT(get_at(0, bearer), 429);
	CHECK_INT(get_at(1, bearer), 200); /* its slice */
	TURN_UNTIL(&fx.web.app.loop, get_at(1, bearer) == 429);
	CHECK(came_back() < 20);
	stop();
}

TEST(codes_are_counted_exactly)
{
	int allowed = 0;

	start("LIMIT_AUTH_PER_ADDRESS=20");
	for (int i = 0; i < 10 * GATEWAYS; i++)
		allowed += code_at(i % GATEWAYS) == 200;
	CHECK(allowed >= 20);
	CHECK(allowed <= 20 + came_back() / 3 + 1);
	CHECK_INT(fx.client.status, 429);
	CHECK(client_field(&fx.client, "Retry-After").len > 0);
	CHECK_STR(client_field(&fx.client, "RateLimit-Policy"),
		STR("\"auth-per-address\";q=20;w=60"));
	stop();
}

/* All at once, so that no gateway knows of another's. */
TEST(codes_are_counted_exactly_also_when_they_come_together)
{
	static struct client clients[10 * GATEWAYS];
	int allowed = 0, closed = 0; /* closed: this machine stood still for too long */

	start("LIMIT_AUTH_PER_ADDRESS=20");
	for (int i = 0; i < 10 * GATEWAYS; i++) {
		fx.gateway = gateways[i % GATEWAYS];
		fixture_client(&clients[i]);
		SAY(&clients[i], "POST /auth/send-otp HTTP/1.1\r\n" HOST
				 "Content-Length: 2\r\n\r\n{}");
	}
	for (int i = 0; i < 10 * GATEWAYS; i++) {
		int status = client_answer(&clients[i]);

		allowed += status == 200;
		closed += status == 503;
		client_close(&clients[i]);
	}
	CHECK(allowed + closed >= 20);
	CHECK(allowed <= 20 + came_back() / 3);
	CHECK_INT(code_at(0), 429);
	stop();
}

/* What a caller has used is kept as a part of the window: each gateway reads it by its own
 * quota. */
TEST(gateways_with_different_quotas_each_keep_to_their_own)
{
	int allowed = 0;

	start_with("LIMIT_AUTH_PER_ADDRESS=60", "LIMIT_AUTH_PER_ADDRESS=20");
	for (int i = 0; i < 10; i++)
		CHECK_INT(code_at(GATEWAYS - 1), 200); /* half of what it grants */
	for (int i = 0; i < 60; i++)
		allowed += code_at(0) == 200;
	CHECK(allowed >= 30);
	CHECK(allowed <= 30 + came_back());
	CHECK_INT(code_at(GATEWAYS - 1), 429);
	stop();
}

/* ---- Redis' clock ---- */

static int64_t left_ms(const char *key)
{
	return redis_server_int(&redis, fixture_format("PTTL %s", key));
}

/* As another Redis finds it whose clock is three hours behind that of the one before. */
static void set_far_ahead(const char *key)
{
	redis_server_do(&redis, "SET %s %lld PX 10800000", key,
		(long long)clock_wall_us() + 3 * 3600000000ll);
}

static int64_t retry_after(void)
{
	int64_t s = -1;

	CHECK(str_i64(client_field(&fx.client, "Retry-After"), &s));
	return s;
}

TEST(a_clock_that_goes_back_locks_nobody_out)
{
	static const char exact[] = "castor:dev:{limit}:auth:address:756e6978"; /* "unix" */
	struct identity who = { .user_id = uuid_v7(), .session_id = uuid_v7() };
	char hex[2 * sizeof who.user_id + 1];
	const char *bearer, *leased;

	start("LIMIT_AUTH_PER_ADDRESS=20");
	set_far_ahead(exact);
	CHECK_INT(code_at(0), 429);
	CHECK(retry_after() <= 121);
	CHECK(left_ms(exact) <= 120001);
	stop();

	start("LIMIT_READ_PER_USER=20");
	bearer = arena_fmt(&fx.arena, "%s", fixture_bearer(&who)).ptr;
	hex_format(who.user_id.b, sizeof who.user_id, hex);
	leased = arena_fmt(&fx.arena, "castor:dev:{limit}:read:user:%s", hex).ptr;
	set_far_ahead(leased);
	TURN_UNTIL(&fx.web.app.loop, get_at(0, bearer) == 429);
	CHECK(retry_after() <= 121);
	CHECK(left_ms(leased) <= 120001);
	stop();
}

/* ---- Redis away ---- */

/* Those who ask when it falls silent have the same patience as those who come later: they
 * are answered long before the link is given up, which takes three seconds. */
TEST(who_asks_a_redis_that_falls_silent_is_answered_soon)
{
	const char *bearer;
	uint64_t frozen_us;

	start("LIMIT_AUTH_PER_ADDRESS=60");
	CHECK_INT(code_at(0), 200);
	redis_server_freeze(&redis);
	frozen_us = clock_mono_us();
	CHECK_INT(code_at(0), 503);
	CHECK(clock_mono_us() - frozen_us < 2000000);
	redis_server_thaw(&redis);
	TURN_UNTIL(&fx.web.app.loop, code_at(0) == 200);
	stop();

	start("LIMIT_READ_PER_USER=20"); /* a slice of one: the second has to wait */
	bearer = kept_bearer();
	CHECK_INT(get_at(0, bearer), 200);
	redis_server_freeze(&redis);
	frozen_us = clock_mono_us();
	for (int i = 0; i < 5; i++)
		CHECK_INT(get_at(0, bearer), 200);
	CHECK(clock_mono_us() - frozen_us < 2000000);
	redis_server_thaw(&redis);
	stop();
}

TEST(a_redis_that_says_nothing_is_not_waited_for)
{
	const char *bearer;

	start("LIMIT_READ_PER_USER=60");
	bearer = kept_bearer();
	redis_server_freeze(&redis);
	for (int i = 0; i < 30; i++)
		CHECK_INT(get_at(0, bearer), 200);
	redis_server_thaw(&redis);
	stop();

	start("LIMIT_AUTH_PER_ADDRESS=60");
	CHECK_INT(code_at(0), 200);
	redis_server_freeze(&redis);
	CHECK_INT(code_at(0), 503);
	redis_server_thaw(&redis);
	TURN_UNTIL(&fx.web.app.loop, code_at(0) == 200);
	stop();
}

TEST(without_redis_codes_are_closed_and_the_rest_is_counted_here)
{
	const char *bearer;
	int allowed = 0;

	start("LIMIT_AUTH_PER_ADDRESS=20");
	CHECK_INT(code_at(0), 200);
	redis_server_kill(&redis);
	TURN_UNTIL(&fx.web.app.loop, code_at(0) == 503);
	CHECK(client_field(&fx.client, "Retry-After").len > 0);
	redis_server_restart(&redis);
	TURN_UNTIL(&fx.web.app.loop, code_at(0) == 200);
	stop();

	start("LIMIT_READ_PER_USER=30");
	redis_server_kill(&redis);
	bearer = kept_bearer();
	for (int i = 0; i < 60; i++)
		allowed += get_at(0, bearer) == 200;
	CHECK(allowed >= 30);
	CHECK(allowed <= 30 + came_back() / 2 + 1);
	CHECK_INT(get_at(1, bearer), 200); /* each for itself */

	redis_server_restart(&redis); /* and together again */
	bearer = kept_bearer();
	for (int i = 0; i < 30; i++)
		get_at(0, bearer);
	TURN_UNTIL(&fx.web.app.loop, get_at(1, bearer) == 429);
	CHECK(came_back() < 30);
	stop();
}
