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

static void start(const char *limit)
{
	const char *settings[] = { NULL, limit, NULL };

	redis_server_start(&redis, NULL);
	settings[0] = fixture_format("REDIS_URL=%s", redis.unix_url);
	fixture_start(settings);
	gateways[0] = fx.gateway;
	for (int i = 1; i < GATEWAYS; i++)
		fixture_gateway(&gateways[i]);
	began_us = clock_mono_us();
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

/* The server is another one, or its clock was wrong: nobody can be ahead by an hour. */
static void put_clock_back_an_hour(void)
{
	struct str keys = redis_server_do(&redis, "KEYS castor:*limit*");
	size_t from = str_find(keys, 'c');
	struct str key = str_from(keys, from);
	long long in_an_hour = (clock_wall_s() + 3600) * 1000000;

	key.len = str_find(key, '\r');
	redis_server_do(&redis, "SET %.*s %lld PX 3600000",
		STR_ARG(str_of(fixture_format("%.*s", STR_ARG(key)))), in_an_hour);
}

TEST(a_clock_of_redis_that_is_put_back_shuts_nobody_out)
{
	const char *bearer;

	start("LIMIT_AUTH_PER_ADDRESS=20");
	CHECK_INT(code_at(0), 200);
	put_clock_back_an_hour();
	for (int i = 0; i < 3; i++)
		CHECK_INT(code_at(0), 200);
	CHECK(redis_server_int(&redis, "DBSIZE") == 1);
	stop();

	start("LIMIT_READ_PER_USER=20");
	bearer = kept_bearer();
	for (int i = 0; i < 3; i++)
		CHECK_INT(get_at(0, bearer), 200);
	TURN_UNTIL(&fx.web.app.loop, redis_server_int(&redis, "DBSIZE") == 1);
	put_clock_back_an_hour();
	for (int i = 0; i < 10; i++)
		CHECK_INT(get_at(1, bearer), 200);
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
	stop();
}
