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

static const char *status_of_someone(void)
{
	return arena_fmt(&fx.arena, "GET /subscription/status HTTP/1.1\r\n" HOST "%s\r\n",
		fixture_bearer(NULL))
		.ptr;
}

TEST(one_user_does_not_take_the_last_of_a_service)
{
	static const char *const settings[] = { "UPSTREAM_CONNECTIONS=16", NULL };
	static struct client greedy[12], other;
	const char *get;

	fixture_start(settings);
	fixture_answer(NULL);
	get = status_of_someone();
	for (int i = 0; i < 12; i++)
		open_one(&greedy[i], get);
	CHECK_INT(ask(str_of(get)), 503);
	open_one(&other, status_of_someone());
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(ask(str_of(status_of_someone())), 200);
	for (int i = 0; i < 12; i++)
		client_close(&greedy[i]);
	client_close(&other);
	TURN_UNTIL(&fx.web.app.loop, ask(str_of(get)) == 200);
	fixture_stop();
}

TEST(webhooks_have_room_when_a_service_has_enough_in_hand)
{
	static const char *const settings[] = { "UPSTREAM_CONNECTIONS=8", NULL };
	static struct client waiting[7], hook;
	const char *get = NULL;

	fixture_start(settings);
	fixture_answer(NULL);
	for (int i = 0; i < 7; i++) {
		get = status_of_someone();
		open_one(&waiting[i], get);
	}
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

/* ---- clients that ask the service to wait ---- */

#define WAITERS 30

static struct peer_conn *asked[2 * WAITERS];
static unsigned asked_count;

static void keep(struct peer_conn *c)
{
	asked[asked_count++] = c;
}

static void answer_all(void)
{
	while (asked_count > 0)
		peer_say(asked[--asked_count],
			STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

/* Sends n messages whose senders want the reply with the answer, each as a user. */
static void send_waiting(struct client *c, int n)
{
	for (int i = 0; i < n; i++) {
		fixture_client(&c[i]);
		client_say(&c[i], arena_fmt(&fx.arena,
					  "POST /chatroom/1/message HTTP/1.1\r\n" HOST
					  "%sPrefer: respond-async, wait=1\r\n"
					  "Content-Length: 2\r\n\r\n{}",
					  fixture_bearer(NULL)));
	}
}

/* So that the gateway knows how fast it can be. */
static void send_quickly(void)
{
	fixture_answer("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(ask(arena_fmt(&fx.arena,
			  "POST /chatroom/1/message HTTP/1.1\r\n" HOST
			  "%sContent-Length: 2\r\n\r\n{}",
			  fixture_bearer(NULL))),
		202);
	fixture_handler(keep);
}

static int count_good(struct client *c, int n)
{
	int good = 0;

	for (int i = 0; i < n; i++) {
		good += client_answer(&c[i]) == 200;
		client_close(&c[i]);
	}
	return good;
}

TEST(who_waits_for_a_reply_is_no_sign_of_overload)
{
	static const char *const settings[] = { "UPSTREAM_TARGET_MS=100", NULL };
	static struct client c[WAITERS];

	fixture_start(settings);
	send_quickly();
	for (int round = 0; round < 4; round++) {
		send_waiting(c, WAITERS);
		TURN_UNTIL(&fx.web.app.loop, asked_count == WAITERS);
		turn_for_ms(&fx.web.app.loop, 250);
		answer_all();
		CHECK_INT(count_good(c, WAITERS), WAITERS);
	}
	fixture_stop();
}

TEST(who_waits_longer_than_was_asked_for_is_one)
{
	static const char *const settings[] = { "UPSTREAM_TARGET_MS=100", NULL };
	static struct client c[WAITERS];

	fixture_start(settings);
	send_quickly();
	send_waiting(c, WAITERS);
	TURN_UNTIL(&fx.web.app.loop, asked_count == WAITERS);
	turn_for_ms(&fx.web.app.loop, 1500);
	answer_all();
	CHECK_INT(count_good(c, WAITERS), WAITERS);
	send_waiting(c, WAITERS);
	turn_for_ms(&fx.web.app.loop, 300);
	CHECK(asked_count < WAITERS); /* the others were refused at once */
	answer_all();
	CHECK(count_good(c, WAITERS) < WAITERS);
	fixture_stop();
}

TEST(who_waits_takes_no_room_from_others)
{
	static const char *const settings[] = { "UPSTREAM_CONNECTIONS=16",
		"UPSTREAM_TARGET_MS=100", NULL };
	static struct client c[36];
	const char *get;

	fixture_start(settings);
	get = arena_fmt(
		&fx.arena, "GET /chatroom HTTP/1.1\r\n" HOST "%s\r\n", fixture_bearer(NULL))
		      .ptr;
	fixture_handler(keep);
	for (unsigned n = 0; n < 36; n += 12) { /* 14 may be in hand: 16 less an eighth */
		send_waiting(c + n, 12);
		TURN_UNTIL(&fx.web.app.loop, asked_count == n + 12);
		turn_for_ms(&fx.web.app.loop, 150);
	}
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(ask(str_of(get)), 200);
	answer_all();
	CHECK_INT(count_good(c, 36), 36);
	CHECK_INT(ask(str_of(get)), 200);
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

/* ---- time ---- */

static void trickle(struct peer_conn *c)
{
	static char body[30000];

	peer_say(c, STR("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"));
	peer_say_slowly(c, str_span(body, sizeof body), false);
}

TEST(a_service_that_sends_a_short_answer_byte_by_byte_is_not_waited_for)
{
	static const char *const settings[] = { "UPSTREAM_TOTAL_MS=300", NULL };

	fixture_start(settings);
	fixture_handler(trickle);
	CHECK_INT(signup(), 504);
	CHECK(memmem(fx.client.body.ptr, fx.client.body.len, "upstream_timeout", 16));
	fixture_stop();
}

static void trickle_long(struct peer_conn *c)
{
	static char body[99999];

	peer_say(c, STR("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
	peer_say_slowly(c, str_span(body, sizeof body), false);
}

TEST(a_long_answer_that_takes_too_long_is_cut)
{
	static const char *const settings[] = { "UPSTREAM_TOTAL_MS=300", NULL };

	fixture_start(settings);
	fixture_handler(trickle_long);
	CHECK_INT(jwks(), 0);
	CHECK(fx.client.got.len); /* it had begun */
	CHECK(fx.client.eof || fx.client.reset);
	fixture_stop();
}

static void trickle_events(struct peer_conn *c)
{
	static char body[30000];

	peer_say(c, STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"));
	memset(body, '\n', sizeof body);
	peer_say_slowly(c, str_span(body, sizeof body), false);
}

TEST(a_stream_lasts_longer_than_answers_may)
{
	static const char *const settings[] = { "UPSTREAM_TOTAL_MS=200", NULL };
	size_t before;

	fixture_start(settings);
	fixture_handler(trickle_events);
	fixture_client(&fx.client);
	SAY(&fx.client, "GET /.well-known/jwks.json HTTP/1.1\r\n" HOST "\r\n");
	turn_for_ms(&fx.web.app.loop, 600);
	client_look(&fx.client);
	before = fx.client.got.len;
	TURN_UNTIL(&fx.web.app.loop, (client_look(&fx.client), fx.client.got.len > before));
	CHECK(!fx.client.eof && !fx.client.reset);
	fixture_stop();
}

TEST(a_body_takes_nothing_of_the_service_s_time)
{
	static const char *const settings[] = { "UPSTREAM_TIMEOUT_MS=200", NULL };
	uint64_t left_ms = 0;

	fixture_start(settings);
	fixture_client(&fx.client);
	SAY(&fx.client,
		"POST /auth/signup HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab");
	turn_for_ms(&fx.web.app.loop, 500);
	SAY(&fx.client, "cd");
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK(str_u64(sent_field("X-Request-Deadline-Ms"), &left_ms));
	CHECK(left_ms > 0);
	fixture_stop();
}

/* ---- streams that end ---- */

TEST(a_service_whose_streams_are_all_cut_is_asked_again)
{
	static struct client streams[10];

	fixture_start(NULL);
	fixture_handler(begin_stream);
	for (int i = 0; i < 10; i++) {
		fixture_client(&streams[i]);
		SAY(&streams[i], "GET /.well-known/jwks.json HTTP/1.1\r\n" HOST "\r\n");
		TURN_UNTIL(
			&fx.web.app.loop, (client_look(&streams[i]), streams[i].got.len));
	}
	LIST_EACH (&fx.auth->conns, link)
		peer_reset(container_of(link, struct peer_conn, link));
	for (int i = 0; i < 10; i++) {
		client_sees_end(&streams[i]);
		client_close(&streams[i]);
	}
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(signup(), 200);
	fixture_stop();
}
