// needs: tests/flow/gateway_fixture.c
/* What a connection may take, as it is set: sizes, times, numbers. (How each is held is
 * http_limits_test's.) */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/flow/gateway_fixture.h"
#include "tests/lib/talk.h"

#define HOST "Host: api.example.com\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST "\r\n"

static void start(const char *setting, const char *other)
{
	const char *const settings[] = { setting, other, NULL };

	fixture_start(settings);
	fixture_client(&fx.client);
}

/* What is said is answered so, and the connection then ends. */
static void check_last(const char *setting, const char *said, int status)
{
	start(setting, NULL);
	client_say(&fx.client, str_of(said));
	CHECK_INT(client_answer(&fx.client), status);
	CHECK(client_has(&fx.client, "Connection: close"));
	CHECK(client_sees_end(&fx.client));
	fixture_stop();
}

TEST(heads_are_as_large_as_is_set)
{
	char line[400];

	snprintf(line, sizeof line, "GET /%0256d HTTP/1.1\r\n" HOST "\r\n", 0);
	check_last("GATEWAY_LINE_BYTES=256", line, 414);
	snprintf(line, sizeof line, "GET / HTTP/1.1\r\n" HOST "X: %0256d\r\n\r\n", 0);
	check_last("GATEWAY_LINE_BYTES=256", line, 431);
	check_last("GATEWAY_HEAD_FIELDS=10",
		"GET / HTTP/1.1\r\n" HOST
		"A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\n"
		"A: 7\r\nA: 8\r\nA: 9\r\nA: 10\r\n\r\n",
		431);
}

TEST(a_whole_head_is_as_large_as_is_set)
{
	char head[2000];

	snprintf(head, sizeof head,
		"GET / HTTP/1.1\r\n" HOST "A: %0300d\r\nB: %0300d\r\nC: %0400d\r\n\r\n", 0,
		0, 0);
	check_last("GATEWAY_HEAD_BYTES=1024", head, 431);
}

TEST(heads_and_bodies_have_the_time_that_is_set)
{
	check_last("GATEWAY_HEAD_MS=100", "GET / HTTP/1.1\r\n", 408);
	check_last("GATEWAY_BODY_MS=100",
		"POST /auth/signup HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell", 408);
}

TEST(an_idle_connection_has_the_time_that_is_set)
{
	start("GATEWAY_IDLE_MS=100", NULL);
	SAY(&fx.client, GET);
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK(client_sees_end(&fx.client));
	CHECK_INT(fx.client.got.len, 0);
	fixture_stop();
}

TEST(a_connection_has_as_many_requests_as_are_set)
{
	start("GATEWAY_CONNECTION_REQUESTS=2", NULL);
	SAY(&fx.client, GET GET);
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK(!client_has(&fx.client, "Connection: close"));
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK(client_has(&fx.client, "Connection: close"));
	fixture_stop();
}

/* Of these, the last is one too many. */
static void check_most(const char *setting, int most)
{
	const char *const settings[] = { setting, NULL };
	static struct client clients[4];

	fixture_start(settings);
	for (int i = 0; i <= most; i++) {
		fixture_client(&clients[i]);
		SAY(&clients[i], GET);
		CHECK_INT(client_answer(&clients[i]), i < most ? 200 : 0);
	}
	CHECK(clients[most].eof || clients[most].reset);
	for (int i = 0; i <= most; i++)
		client_close(&clients[i]);
	fixture_client(&fx.client);
	fixture_stop();
}

TEST(there_are_as_many_connections_as_are_set)
{
	check_most("GATEWAY_CONNECTIONS=3", 3);
	check_most("GATEWAY_ADDRESS_CONNECTIONS=2", 2);
	check_most("GATEWAY_ADDRESS_CONNECTS=3", 3);
}

TEST(memory_for_requests_is_what_is_set)
{
	static char body[1000000];
	static struct client clients[2];

	start("GATEWAY_MEMORY_MB=1", NULL);
	memset(body, ' ', sizeof body);
	for (int i = 0; i < 2; i++) {
		fixture_client(&clients[i]);
		SAY(&clients[i], "POST /webhook/stripe HTTP/1.1\r\n" HOST
				 "Content-Length: 1000001\r\n\r\n");
		client_say(&clients[i], str_span(body, sizeof body));
	}
	CHECK_INT(client_answer(&clients[1]), 503);
	CHECK(client_has(&clients[1], "Retry-After: 1"));
	SAY(&clients[0], " ");
	CHECK_INT(client_answer(&clients[0]), 200);
	client_close(&clients[0]);
	client_close(&clients[1]);
	fixture_stop();
}

/* ---- a stream whose reader has stopped reading ---- */

static char event[60000];

static void flood(struct peer_conn *c)
{
	peer_say(c, STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"));
	for (int i = 0; i < 100; i++)
		peer_say(c, str_span(event, sizeof event));
}

TEST(a_stream_that_is_not_read_ends_in_the_time_that_is_set)
{
	start("GATEWAY_WRITE_MS=200", NULL);
	memset(event, '\n', sizeof event);
	fixture_handler(flood);
	SAY(&fx.client, "GET /.well-known/jwks.json HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&fx.web.app.loop, fx.auth->requests == 1);
	TURN_UNTIL(&fx.web.app.loop, fx.auth->open <= 1); /* the probe's stays */
	fixture_stop();
}

/* It takes something all the time, but not as much as is set. */
TEST(a_stream_that_is_read_too_slowly_ends_too)
{
	char some[5000];

	start("GATEWAY_WRITE_MS=200", "GATEWAY_PACE_BYTES=1048576");
	memset(event, '\n', sizeof event);
	fixture_handler(flood);
	SAY(&fx.client, "GET /.well-known/jwks.json HTTP/1.1\r\n" HOST "\r\n");
	TURN_UNTIL(&fx.web.app.loop, fx.auth->requests == 1);
	for (int i = 0; i < 2000 && fx.auth->open > 1; i++) {
		(void)!recv(fx.client.fd, some, sizeof some, MSG_DONTWAIT);
		turn_for_ms(&fx.web.app.loop, 20);
	}
	CHECK(fx.auth->open <= 1);
	fixture_stop();
}

/* ---- the end ---- */

static int readyz(void)
{
	struct arena a;
	int status;

	arena_init(&a);
	status = talk(&a, fx.gateway.admin, &(struct talk){ .path = "/readyz" }).status;
	arena_fini(&a);
	return status;
}

/* Balancers learn that it ends before clients can. */
TEST(it_listens_on_until_balancers_know)
{
	struct client kept = { 0 };

	start("DRAIN_DELAY_MS=1500", NULL);
	fixture_client(&kept);
	SAY(&kept, GET);
	CHECK_INT(client_answer(&kept), 200);
	CHECK_INT(readyz(), 200);
	kill(fx.gateway.pid, SIGTERM);
	TURN_UNTIL(&fx.web.app.loop, readyz() == 503);
	SAY(&fx.client, GET);
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK_INT(ask(STR(GET)), 200); /* by a new connection */
	SAY(&kept, GET);
	CHECK_INT(client_answer(&kept), 200);
	CHECK(!client_has(&kept, "Connection: close"));
	/* Then it ends with who is there, gently. */
	TURN_UNTIL(&fx.web.app.loop,
		(SAY(&kept, GET), client_answer(&kept) != 200 ||
					  client_has(&kept, "Connection: close")));
	CHECK_INT(kept.status, 200);
	CHECK(client_sees_end(&kept));
	client_close(&kept);
	fixture_stop();
}
