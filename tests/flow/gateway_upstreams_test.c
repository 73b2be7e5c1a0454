// needs: tests/flow/gateway_fixture.c
/* Services that fail, or have enough to do: the gateway stops asking, and says so at once.
 */
#include <stdlib.h>

#include "tests/flow/gateway_fixture.h"

#define HOST "Host: api.example.com\r\n"

static int signup(void)
{
	return ASK("POST /auth/signup HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
}

static int jwks(void)
{
	return ASK("GET /.well-known/jwks.json HTTP/1.1\r\n" HOST "\r\n");
}

TEST(a_service_that_only_fails_is_left_alone)
{
	fixture_start(NULL);
	fixture_answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
	for (int i = 0; i < 5; i++)
		CHECK_INT(signup(), 500);
	CHECK_INT(signup(), 503);
	CHECK(client_field(&fx.client, "Retry-After").len > 0);
	CHECK_INT(jwks(), 503);
	CHECK_INT(fx.auth->requests, 5);
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	TURN_UNTIL(&fx.web.app.loop, signup() == 200);
	for (int i = 0; i < 10; i++)
		CHECK_INT(jwks(), 200);
	fixture_stop();
}

TEST(a_service_that_answers_nothing_in_time_is_left_alone)
{
	static const char *const settings[] = { "UPSTREAM_TIMEOUT_MS=50", NULL };

	fixture_start(settings);
	fixture_answer(NULL);
	for (int i = 0; i < 5; i++)
		CHECK_INT(signup(), 504);
	CHECK_INT(signup(), 503);
	CHECK_INT(fx.auth->requests, 5);
	fixture_stop();
}

TEST(a_service_that_says_503_on_purpose_goes_on)
{
	fixture_start(NULL);
	fixture_answer("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
	for (int i = 0; i < 30; i++)
		CHECK_INT(signup(), 503);
	CHECK_STR(client_field(&fx.client, "Retry-After"), STR("7"));
	CHECK_INT(fx.auth->requests, 30);
	fixture_stop();
}

/* A request that is not answered yet. */
static void open_one(struct client *c, const char *head)
{
	unsigned before = fx.billing->requests;

	fixture_client(c);
	client_say(c, str_of(head));
	TURN_UNTIL(&fx.web.app.loop, fx.billing->requests == before + 1);
}

TEST(webhooks_have_room_when_a_service_has_enough_in_hand)
{
	static const char *const settings[] = { "UPSTREAM_CONNECTIONS=8", NULL };
	static struct client waiting[7], hook;
	const char *get;

	fixture_start(settings);
	get = arena_fmt(&fx.arena, "GET /subscription/status HTTP/1.1\r\n" HOST "%s\r\n",
		fixture_bearer(NULL))
		      .ptr;
	fixture_answer(NULL);
	for (int i = 0; i < 7; i++)
		open_one(&waiting[i], get);
	CHECK_INT(ask(str_of(get)), 503);
	CHECK(client_field(&fx.client, "Retry-After").len > 0);
	CHECK(memmem(
		fx.client.body.ptr, fx.client.body.len, "temporary-reduced-capacity", 26));
	CHECK_INT(fx.billing->requests, 7);
	open_one(&hook,
		"POST /webhook/stripe HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
	for (int i = 0; i < 7; i++)
		client_close(&waiting[i]);
	client_close(&hook);
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	TURN_UNTIL(&fx.web.app.loop, ask(str_of(get)) == 200); /* it is let go */
	fixture_stop();
}

/* An answer that has begun and has no end yet. */
static void begin_stream(struct peer_conn *c)
{
	peer_say(c, STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			"Transfer-Encoding: chunked\r\n\r\n3\r\n:\n\n\r\n"));
}

TEST(streams_take_no_room_from_requests)
{
	static const char *const settings[] = { "UPSTREAM_CONNECTIONS=8", NULL };
	static struct client streams[40];
	const char *get;

	fixture_start(settings);
	get = arena_fmt(&fx.arena, "GET /subscription/status HTTP/1.1\r\n" HOST "%s\r\n",
		fixture_bearer(NULL))
		      .ptr;
	fixture_handler(begin_stream);
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
		fixture_client(&streams[i]);
		client_say(&streams[i], str_of(get));
		TURN_UNTIL(
			&fx.web.app.loop, (client_look(&streams[i]), streams[i].got.len));
		CHECK(str_starts(buf_str(&streams[i].got), STR("HTTP/1.1 200 ")));
	}
	CHECK_INT(fx.billing->open, sizeof streams / sizeof *streams);
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(ask(str_of(get)), 200);
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
		client_close(&streams[i]);
	fixture_stop();
}

TEST(a_request_that_is_sent_again_says_so_and_only_then)
{
	fixture_start(NULL);
	CHECK_INT(ASK("GET /.well-known/jwks.json HTTP/1.1\r\n" HOST
		      "X-Request-Attempt: 9\r\n\r\n"),
		200);
	CHECK_STR(sent_field("X-Request-Attempt"), STR("1"));
	fixture_stop();
}
