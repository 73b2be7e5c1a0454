// needs: tests/unit/http_client_fixture.c
/* One call at a time: what is asked, what is answered, and the connections it goes by. */
#include "http/upstream.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/http_client_fixture.h"

/* One request on a connection of its own; the answer's fate. */
static void one(struct asked *a, const char *text)
{
	struct peer *p = start(text);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	then_hang_up = true;
	ask(u, a, GET);
	CHECK(test_until(&client_loop, &a->done));
	CHECK_INT(a->dones, 1);
	CHECK_INT(http_upstream_in_flight(u), 0);
	stop(&p, &u);
}

/* ---- answers ---- */

TEST(an_answer_with_length)
{
	struct asked a = { 0 };

	one(&a, "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Length: "
		"5\r\n\r\nhello");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.status, 201);
	CHECK_INT(a.length, 5);
	CHECK_STR(buf_str(&a.body), STR("hello"));
	CHECK_STR(str_of(a.type), STR("text/plain"));
	asked_fini(&a);
}

TEST(an_answer_in_chunks)
{
	struct asked a = { 0 };

	one(&a, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		"chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.length, -1);
	CHECK_STR(buf_str(&a.body), STR("hello!"));
	asked_fini(&a);
}

TEST(an_answer_that_ends_with_the_connection)
{
	struct asked a = { 0 };

	one(&a, "HTTP/1.1 200 OK\r\n\r\nhello");
	CHECK_INT(a.e, ERR_OK);
	CHECK_STR(buf_str(&a.body), STR("hello"));
	asked_fini(&a);
}

TEST(an_answer_without_a_body)
{
	struct asked a = { 0 };

	one(&a, "HTTP/1.1 204 No Content\r\n\r\n");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.status, 204);
	CHECK_INT(a.pieces, 0);
}

TEST(the_answer_to_head)
{
	struct asked a = { .call.head_only = true };

	one(&a, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.length, 5);
	CHECK_INT(a.pieces, 0);
}

TEST(answers_cut_short_are_unsure)
{
	static const char *const cut[] = {
		"",
		"HTTP/1.1 200 OK\r\nContent-Le",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
		struct asked a = { 0 };

		one(&a, cut[i]);
		CHECK_INT(a.e, ERR_UNSURE);
		asked_fini(&a);
	}
}

/* The reader itself is response_test's; here: what becomes of call and connection. */
TEST(answers_that_break_http_are_internal_errors)
{
	/* clang-format off */
	static const char *const bad[] = {
		"garbage\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct asked a = { 0 }, again = { 0 };
		struct peer *p = start(bad[i]);
		struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

		second_answer = HELLO;
		ask(u, &a, GET);
		CHECK(test_until(&client_loop, &a.done));
		CHECK_INT(a.e, ERR_INTERNAL);
		ask(u, &again, GET);
		CHECK(test_until(&client_loop, &again.done));
		CHECK_INT(again.e, ERR_OK);
		CHECK_INT(requests_of_last, 1); /* not on the one that lied */
		stop(&p, &u);
		asked_fini(&a);
		asked_fini(&again);
	}
}

TEST(an_answer_a_byte_at_a_time)
{
	struct asked a = { 0 };
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	slowly = true;
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK_STR(buf_str(&a.body), STR("hello"));
	stop(&p, &u);
	asked_fini(&a);
}

/* ---- connections ---- */

/* Two requests, one after the other; how many of them came on the second's connection. */
static unsigned requests_on_the_last(const char *text, bool hang_up)
{
	struct asked a = { 0 }, b = { 0 };
	struct peer *p = start(text);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);
	unsigned requests;

	then_hang_up = hang_up;
	test_turn(&client_loop, 5); /* the probe is there, and idle */
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(b.e, ERR_OK);
	CHECK_INT(p->requests, 2);
	requests = requests_of_last;
	stop(&p, &u);
	asked_fini(&a);
	asked_fini(&b);
	return requests;
}

TEST(a_clean_connection_is_used_again)
{
	CHECK_INT(requests_on_the_last(HELLO, false), 2);
}

TEST(a_connection_is_not_used_again_after_connection_close)
{
	CHECK_INT(requests_on_the_last("HTTP/1.1 200 OK\r\nConnection: close\r\n"
				       "Content-Length: 5\r\n\r\nhello",
			  false),
		1);
}

TEST(a_connection_with_bytes_left_over_is_not_used_again)
{
	CHECK_INT(requests_on_the_last(HELLO "x", false), 1);
}

TEST(a_connection_that_ended_is_not_used_again)
{
	CHECK_INT(requests_on_the_last(HELLO, true), 1);
}

/* Asks, lets `spoil` do something to the kept connection that the loop has not heard of
 * yet, and asks again. */
static void ask_twice(void (*spoil)(int fd))
{
	struct asked a = { 0 }, b = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);
	uv_os_fd_t fd;

	test_turn(&client_loop, 5);
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(uv_fileno((uv_handle_t *)&last_conn->tcp, &fd), 0);
	spoil(fd);
	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(b.e, ERR_OK);
	CHECK_STR(buf_str(&b.body), STR("hello"));
	CHECK_INT(p->requests, 2);
	CHECK_INT(requests_of_last, 1);
	stop(&p, &u);
	asked_fini(&a);
	asked_fini(&b);
}

static void end_it(int fd)
{
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
}

static void say_more(int fd)
{
	static const char evil[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

	CHECK_INT(write(fd, evil, sizeof evil - 1), sizeof evil - 1);
}

TEST(what_cannot_be_repeated_is_not_sent_on_a_connection_that_has_just_ended)
{
	ask_twice(end_it);
}

TEST(what_has_just_come_unasked_is_nobody_s_answer)
{
	ask_twice(say_more);
}

TEST(bytes_nobody_asked_for_close_an_idle_connection)
{
	struct asked a = { 0 }, b = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	peer_say(last_conn, STR(HELLO));
	test_turn(&client_loop, 5);
	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(b.e, ERR_OK);
	CHECK_INT(requests_of_last, 1);
	stop(&p, &u);
	asked_fini(&a);
	asked_fini(&b);
}

TEST(no_more_connections_than_allowed)
{
	struct asked a[20] = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 3);

	test_turn(&client_loop, 5);
	for (int i = 0; i < 20; i++)
		ask(u, &a[i], GET);
	for (int i = 0; i < 20; i++) {
		CHECK(test_until(&client_loop, &a[i].done));
		CHECK_INT(a[i].e, ERR_OK);
		asked_fini(&a[i]);
	}
	CHECK_INT(p->accepted, 3);
	CHECK_INT(p->requests, 20);
	stop(&p, &u);
}

TEST(a_call_sent_from_on_done)
{
	struct asked b = { .call = { .events = &asked_events, .head = STR(GET) } };
	struct asked a = { .then = &b.call };
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(b.e, ERR_OK);
	CHECK_STR(str_of(a.type), STR("a/b")); /* was not overwritten by the second */
	stop(&p, &u);
}

/* ---- retries ---- */

/* The second request on a connection finds it dead. */
static enum err on_a_dead_connection(bool repeatable, unsigned *requests)
{
	struct asked a = { 0 }, b = { .call.repeatable = repeatable };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	reset_second = true;
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(b.dones, 1);
	*requests = p->requests;
	stop(&p, &u);
	asked_fini(&a);
	asked_fini(&b);
	return b.e;
}

TEST(a_repeatable_request_is_sent_once_more)
{
	unsigned requests;

	CHECK_INT(on_a_dead_connection(true, &requests), ERR_OK);
	CHECK_INT(requests, 3);
}

TEST(other_requests_are_not_sent_twice)
{
	unsigned requests;

	CHECK_INT(on_a_dead_connection(false, &requests), ERR_UNSURE);
	CHECK_INT(requests, 2);
}

TEST(a_request_is_repeated_once_only)
{
	struct asked a = { .call.repeatable = true };
	struct peer *p = start("");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	then_hang_up = true; /* every connection, at the first request */
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_UNSURE);
	CHECK_INT(p->requests, 2);
	stop(&p, &u);
}

TEST(nothing_is_repeated_after_the_first_byte)
{
	struct asked a = { .call.repeatable = true };
	struct peer *p = start("H");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	then_hang_up = true;
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_UNSURE);
	CHECK_INT(p->requests, 1);
	stop(&p, &u);
}

static void fail_often(struct peer_conn *c)
{
	if (c->peer->requests % 10 < 8 && c->peer->requests % 2 == 0)
		peer_hang_up(c);
	else
		peer_say(c, STR(HELLO));
}

TEST(repeats_stay_few)
{
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 100);
	unsigned failed = 0;

	p->on_request = fail_often;
	for (int i = 0; i < 100; i++) {
		struct asked a = { 0 };

		a.call.repeatable = true;
		ask(u, &a, GET);
		CHECK(test_until(&client_loop, &a.done));
		failed += a.e != ERR_OK;
		asked_fini(&a);
	}
	CHECK(p->requests > 100);
	CHECK(p->requests <= 120);
	CHECK(failed > 0);
	stop(&p, &u);
}

/* ---- time, leaving, back-pressure ---- */

TEST(no_answer_before_the_deadline)
{
	struct asked a = { .call.deadline_ms = clock_mono_ms() + 150 };
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_TIMEOUT);
	test_turn(&client_loop, 5);
	CHECK_INT(p->open, 1); /* the probe's; the one that owes an answer is closed */
	stop(&p, &u);
}

TEST(the_deadline_holds_while_waiting_for_a_connection)
{
	struct asked a = { 0 }, b = { .call.deadline_ms = clock_mono_ms() + 150 };
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 1);

	test_turn(&client_loop, 5);
	ask(u, &a, GET);
	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(b.e, ERR_TIMEOUT);
	CHECK(!a.done);
	CHECK_INT(p->requests, 1);
	http_call_cancel(&a.call);
	stop(&p, &u);
}

static bool none_open(void *ctx)
{
	return ((struct peer *)ctx)->open == 0;
}

TEST(a_canceled_call_closes_its_connection_and_is_told_nothing)
{
	struct asked a = { 0 };
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 1);

	test_turn(&client_loop, 5);
	ask(u, &a, GET);
	test_turn(&client_loop, 5);
	CHECK_INT(p->requests, 1);
	http_call_cancel(&a.call);
	http_call_cancel(&a.call); /* harmless */
	CHECK_INT(http_upstream_in_flight(u), 0);
	CHECK(test_until_fn(&client_loop, none_open, p));
	CHECK(!a.done);
	stop(&p, &u);
}

TEST(a_call_is_canceled_in_every_state)
{
	struct asked unresolved = { 0 }, connecting = { 0 }, sent = { 0 }, waiting = { 0 };
	struct peer *p = start(NULL);
	struct http_upstream *u, *by_name;
	char url[64];

	snprintf(url, sizeof url, "http://localhost:%u", peer_port(p));
	by_name = http_upstream_open(&client_loop, url, 1);
	ask(by_name, &unresolved, GET);
	http_call_cancel(&unresolved.call);
	close_upstream(&by_name);

	u = http_upstream_open(&client_loop, peer_url(p), 2);
	ask(u, &connecting, GET);
	http_call_cancel(&connecting.call);
	test_turn(&client_loop, 5);
	ask(u, &sent, GET);
	ask(u, &waiting, GET);
	http_call_cancel(&waiting.call);
	http_call_cancel(&sent.call);
	test_turn(&client_loop, 5);
	CHECK(!unresolved.done && !connecting.done && !sent.done && !waiting.done);
	stop(&p, &u);
}

TEST(a_call_is_canceled_from_its_own_events)
{
	struct asked a = { .cancel_in_head = true }, b = { .cancel_in_body = true };
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	ask(u, &a, GET);
	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK(test_until(&client_loop, &b.done));
	test_turn(&client_loop, 5);
	CHECK_INT(a.dones + b.dones, 0);
	CHECK_INT(a.pieces, 0);
	CHECK_INT(b.pieces, 1);
	stop(&p, &u);
	asked_fini(&b);
}

TEST(a_paused_call_stops_its_source)
{
	struct asked a = { .pause_in_body = true };
	struct peer *p = start("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);
	static char mega[1000000];
	size_t held;

	ask(u, &a, GET);
	while (a.heads == 0)
		loop_turn(&client_loop, true);
	for (int i = 0; i < 20; i++)
		peer_say(last_conn, str_span(mega, sizeof mega));
	test_turn(&client_loop, 50);
	held = a.body.len;
	CHECK(held <= 65536);
	CHECK(!a.done);
	test_turn(&client_loop, 20);
	CHECK_INT(a.body.len, held);

	a.pause_in_body = false;
	http_call_resume(&a.call);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.body.len, 20000000);
	stop(&p, &u);
	asked_fini(&a);
}

TEST(a_request_that_does_not_fit_the_socket_is_written_in_parts)
{
	struct asked a = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);
	static char body[8000000];

	a.call.body = str_span(body, sizeof body);
	ask(u, &a, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(p->requests, 1);
	stop(&p, &u);
	asked_fini(&a);
}

static void answer_early(struct peer_conn *c)
{
	last_conn = c;
	peer_say(c, STR(HELLO));
}

TEST(an_answer_before_the_request_is_written_closes_the_connection)
{
	struct asked a = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);
	static char body[8000000];

	/* The peer takes the head for the whole request, answers, and reads no further. */
	p->on_request = answer_early;
	a.call.body = str_span(body, sizeof body);
	ask(u, &a, "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 8000000\r\n\r\n");
	while (p->requests == 0)
		loop_turn(&client_loop, true);
	peer_stop_reading(last_conn);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	test_turn(&client_loop, 5);
	CHECK_INT(http_upstream_in_flight(u), 0);
	stop(&p, &u);
	asked_fini(&a);
}

TEST(over_a_unix_socket)
{
	struct asked a = { 0 }, b = { 0 };
	struct peer *none = NULL;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	struct http_upstream *u;
	char url[128], request[256];

	loop_init(&client_loop);
	snprintf(
		at.sun_path, sizeof at.sun_path, "/tmp/castor-test-%d.sock", (int)getpid());
	snprintf(url, sizeof url, "http://unix:%s", at.sun_path);
	CHECK_INT(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_INT(listen(listener, 8), 0);

	u = http_upstream_open(&client_loop, url, 1);
	ask(u, &a, GET);
	test_turn(&client_loop, 5);
	fd = accept(listener, NULL, NULL); /* the probe, which then carries the call */
	CHECK_INT(read(fd, request, sizeof request), sizeof GET - 1);
	CHECK(write(fd, HELLO, sizeof HELLO - 1) > 0);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	close(fd);
	close(listener);
	unlink(at.sun_path);
	test_turn(&client_loop, 5);

	ask(u, &b, GET);
	CHECK(test_until(&client_loop, &b.done));
	CHECK_INT(b.e, ERR_UNAVAILABLE);
	stop(&none, &u);
	asked_fini(&a);
}

/* ---- an answer that takes its time ---- */

/* The head comes at once, the rest a byte at a time, for ten seconds and more. */
#define SLOW_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"

static void trickle(struct peer_conn *c)
{
	static char body[20000];

	last_conn = c;
	peer_say(c, str_of(answer));
	peer_say_slowly(c, str_span(body, sizeof body), false);
}

static enum err ask_slow(const char *head, unsigned total_ms, size_t *got)
{
	struct asked a = { .call.end_ms = clock_mono_ms() + total_ms };
	struct peer *p = start(head);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	p->on_request = trickle;
	ask(u, &a, GET);
	test_turn(&client_loop, 600);
	*got = a.body.len;
	if (!a.done)
		http_call_cancel(&a.call);
	asked_fini(&a);
	stop(&p, &u);
	return a.done ? a.e : ERR_OK;
}

TEST(an_answer_must_be_whole_in_time_however_steadily_it_comes)
{
	size_t got;

	CHECK_INT(ask_slow(SLOW_HEAD, 200, &got), ERR_TIMEOUT);
	CHECK(got > 0);
	CHECK_INT(ask_slow(SLOW_HEAD, 60000, &got), ERR_OK);
}

TEST(a_stream_of_events_lasts_as_long_as_it_likes)
{
	size_t got;

	CHECK_INT(ask_slow("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			   "Content-Length: 20000\r\n\r\n",
			  200, &got),
		ERR_OK);
	CHECK(got > 0);
}

TEST(while_a_call_is_paused_its_time_stands_still)
{
	struct asked a = { .pause_in_body = true, .call.end_ms = clock_mono_ms() + 300 };
	struct peer *p = start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	ask(u, &a, GET);
	test_turn(&client_loop, 600);
	CHECK_INT(a.pieces, 1);
	CHECK(!a.done);
	a.pause_in_body = false;
	http_call_resume(&a.call);
	peer_say(last_conn, STR("y"));
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	asked_fini(&a);
	stop(&p, &u);
}

TEST(an_answer_must_not_pause_for_long)
{
	struct asked a = { 0 };
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\n:\n\n\r\n");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	u->gap_ms = 100;
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_TIMEOUT);
	CHECK_INT(a.pieces, 1);
	asked_fini(&a);
	stop(&p, &u);
}

/* A listener whose queue is full: what is said to it is dropped. */
static int deaf_listener(struct sockaddr_in *at, int fillers[3])
{
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK_INT(bind(fd, (struct sockaddr *)at, len), 0);
	CHECK_INT(listen(fd, 0), 0);
	getsockname(fd, (struct sockaddr *)at, &len);
	for (int i = 0; i < 3; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)at, len);
	}
	return fd;
}

TEST(connecting_is_given_up_in_time)
{
	struct asked a = { 0 };
	struct peer *none = NULL;
	struct http_upstream *u;
	struct sockaddr_in at;
	int fillers[3], fd;
	char url[64];

	loop_init(&client_loop);
	fd = deaf_listener(&at, fillers);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(at.sin_port));
	u = http_upstream_open(&client_loop, url, 4);
	http_upstream_set_connect_ms(u, 150);
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_TIMEOUT);
	CHECK(!a.call.was_sent);
	for (int i = 0; i < 3; i++)
		close(fillers[i]);
	close(fd);
	stop(&none, &u);
}
