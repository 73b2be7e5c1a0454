#include "http/client.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/lib/peer.h"
#include "tests/lib/test.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static struct loop loop;

/* A call and all that it was told. */
struct asked {
	struct http_call call;
	struct buf body;
	int status;
	int64_t length;
	unsigned heads, pieces, dones;
	bool done;
	enum err e;
	char type[64]; /* Content-Type, read in on_done */
	bool cancel_in_head, cancel_in_body, pause_in_body;
	struct http_call *then; /* sent from on_done */
	struct http_upstream *upstream;
	const struct http_response *response;
};

static void on_head(struct http_call *c, const struct http_response *r)
{
	struct asked *a = container_of(c, struct asked, call);

	a->heads++;
	a->status = r->status;
	a->length = r->length;
	a->response = r;
	if (a->cancel_in_head) {
		http_call_cancel(c);
		a->done = true;
	}
}

static void on_body(struct http_call *c, struct str bytes)
{
	struct asked *a = container_of(c, struct asked, call);

	a->pieces++;
	buf_add_str(&a->body, bytes);
	if (a->pause_in_body)
		http_call_pause(c);
	if (a->cancel_in_body) {
		http_call_cancel(c);
		a->done = true;
	}
}

static void on_done(struct http_call *c, enum err e)
{
	struct asked *a = container_of(c, struct asked, call);

	a->dones++;
	a->e = e;
	a->done = true;
	if (a->then)
		http_call_send(a->upstream, a->then);
	for (size_t i = 0; a->heads && i < a->response->header_count; i++) {
		const struct http_header *h = &a->response->headers[i];

		if (str_eq_nocase(h->name, STR("Content-Type")))
			snprintf(a->type, sizeof a->type, "%.*s", STR_ARG(h->value));
	}
}

static const struct http_call_events events = { on_head, on_body, on_done };

static void ask(struct http_upstream *u, struct asked *a, const char *head)
{
	a->upstream = u;
	a->call.events = &events;
	a->call.head = str_of(head);
	http_call_send(u, &a->call);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static void count_closed(void *ctx)
{
	*(bool *)ctx = true;
}

static void close_upstream(struct http_upstream **u)
{
	bool closed = false;

	http_upstream_close(u, count_closed, &closed);
	CHECK(test_until(&loop, &closed));
}

/* ---- what the peer says ---- */

static const char *answer;        /* to every request */
static const char *second_answer; /* to the second and later ones, if set */
static bool then_hang_up, slowly, reset_second;
static struct peer_conn *last_conn;
static unsigned requests_of_last; /* on that connection, which may be gone */

static void say_answer(struct peer_conn *c)
{
	const char *text = second_answer && c->peer->requests > 1 ? second_answer : answer;

	last_conn = c;
	requests_of_last = c->requests;
	if (reset_second && c->requests > 1) {
		peer_reset(c);
		return;
	}
	if (!text)
		return;
	if (slowly) {
		peer_say_slowly(c, str_of(text), then_hang_up);
		return;
	}
	peer_say(c, str_of(text));
	if (then_hang_up)
		peer_hang_up(c);
}

static struct peer *start(const char *text)
{
	loop_init(&loop);
	answer = text;
	second_answer = NULL;
	then_hang_up = slowly = reset_second = false;
	return peer_open(&loop, 0, say_answer);
}

static void stop(struct peer **p, struct http_upstream **u)
{
	if (*u)
		close_upstream(u);
	if (*p)
		peer_close(p);
	loop_fini(&loop);
}

static void asked_fini(struct asked *a)
{
	buf_fini(&a->body);
}

/* One request on a connection of its own; the answer's fate. */
static void one(struct asked *a, const char *text)
{
	struct peer *p = start(text);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	then_hang_up = true;
	ask(u, a, GET);
	CHECK(test_until(&loop, &a->done));
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
		struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

		second_answer = HELLO;
		ask(u, &a, GET);
		CHECK(test_until(&loop, &a.done));
		CHECK_INT(a.e, ERR_INTERNAL);
		ask(u, &again, GET);
		CHECK(test_until(&loop, &again.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	slowly = true;
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);
	unsigned requests;

	then_hang_up = hang_up;
	test_turn(&loop, 5); /* the probe is there, and idle */
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	ask(u, &b, GET);
	CHECK(test_until(&loop, &b.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);
	uv_os_fd_t fd;

	test_turn(&loop, 5);
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(uv_fileno((uv_handle_t *)&last_conn->tcp, &fd), 0);
	spoil(fd);
	ask(u, &b, GET);
	CHECK(test_until(&loop, &b.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	peer_say(last_conn, STR(HELLO));
	test_turn(&loop, 5);
	ask(u, &b, GET);
	CHECK(test_until(&loop, &b.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 3);

	test_turn(&loop, 5);
	for (int i = 0; i < 20; i++)
		ask(u, &a[i], GET);
	for (int i = 0; i < 20; i++) {
		CHECK(test_until(&loop, &a[i].done));
		CHECK_INT(a[i].e, ERR_OK);
		asked_fini(&a[i]);
	}
	CHECK_INT(p->accepted, 3);
	CHECK_INT(p->requests, 20);
	stop(&p, &u);
}

TEST(a_call_sent_from_on_done)
{
	struct asked b = { .call = { .events = &events, .head = STR(GET) } };
	struct asked a = { .then = &b.call };
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	ask(u, &a, GET);
	CHECK(test_until(&loop, &b.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	reset_second = true;
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	ask(u, &b, GET);
	CHECK(test_until(&loop, &b.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	then_hang_up = true; /* every connection, at the first request */
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_UNSURE);
	CHECK_INT(p->requests, 2);
	stop(&p, &u);
}

TEST(nothing_is_repeated_after_the_first_byte)
{
	struct asked a = { .call.repeatable = true };
	struct peer *p = start("H");
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	then_hang_up = true;
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 100);
	unsigned failed = 0;

	p->on_request = fail_often;
	for (int i = 0; i < 100; i++) {
		struct asked a = { 0 };

		a.call.repeatable = true;
		ask(u, &a, GET);
		CHECK(test_until(&loop, &a.done));
		failed += a.e != ERR_OK;
		asked_fini(&a);
	}
	CHECK(p->requests > 100);
	CHECK(p->requests <= 120);
	CHECK(failed > 0);
	stop(&p, &u);
}

/* ---- addresses ---- */

static unsigned dead_port(void)
{
	struct peer *p = peer_open(&loop, 0, say_answer);
	unsigned port = peer_port(p);

	peer_close(&p);
	return port;
}

TEST(nobody_listens)
{
	struct asked a = { 0 };
	struct peer *p = NULL;
	struct http_upstream *u;
	char url[64];

	loop_init(&loop);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", dead_port());
	u = http_upstream_open(&loop, url, 4);
	ask(u, &a, GET);
	CHECK(!a.done); /* never from inside send */
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_UNAVAILABLE);
	CHECK(!http_upstream_is_up(u));
	stop(&p, &u);
}

TEST(one_dead_address_of_two_is_not_noticed)
{
	struct asked a[30] = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u;
	char urls[128];

	snprintf(urls, sizeof urls, "http://127.0.0.1:%u, %s", dead_port(), peer_url(p));
	u = http_upstream_open(&loop, urls, 16);
	for (int i = 0; i < 30; i++) {
		ask(u, &a[i], GET);
		CHECK(test_until(&loop, &a[i].done));
		CHECK_INT(a[i].e, ERR_OK);
		asked_fini(&a[i]);
	}
	CHECK(http_upstream_is_up(u));
	stop(&p, &u);
}

static bool upstream_is_up(void *ctx)
{
	return http_upstream_is_up(ctx);
}

TEST(an_address_that_comes_back_is_used_again)
{
	struct peer *p;
	struct http_upstream *u;
	struct asked last = { 0 };
	char url[64];
	unsigned port;

	p = start(HELLO);
	port = peer_port(p);
	peer_close(&p);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
	u = http_upstream_open(&loop, url, 4);
	for (int i = 0; i < 8; i++) {
		struct asked a = { 0 };

		ask(u, &a, GET);
		CHECK(test_until(&loop, &a.done));
		CHECK_INT(a.e, ERR_UNAVAILABLE);
	}
	p = peer_open(&loop, port, say_answer);
	CHECK(test_until_fn(
		&loop, upstream_is_up, u)); /* the probe finds it, no call is spent */
	ask(u, &last, GET);
	CHECK(test_until(&loop, &last.done));
	CHECK_INT(last.e, ERR_OK);
	asked_fini(&last);
	stop(&p, &u);
}

TEST(an_address_that_was_not_there_at_first_is_found_without_a_call)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u;
	unsigned port = peer_port(p);
	char url[64];

	peer_close(&p);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
	u = http_upstream_open(&loop, url, 4);
	test_turn(&loop, 20);
	CHECK(!http_upstream_is_up(u));
	p = peer_open(&loop, port, say_answer);
	CHECK(test_until_fn(&loop, upstream_is_up, u));
	stop(&p, &u);
}

static bool upstream_is_down(void *ctx)
{
	return !http_upstream_is_up(ctx);
}

TEST(an_address_that_went_away_is_noticed_without_a_call)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	CHECK(test_until_fn(&loop, upstream_is_up, u));
	peer_close(&p);
	CHECK(test_until_fn(&loop, upstream_is_down, u));
	stop(&p, &u);
}

TEST(calls_go_to_the_address_with_less_in_hand)
{
	struct asked a[40] = { 0 };
	struct peer *p = start(NULL), *q = peer_open(&loop, 0, say_answer);
	struct http_upstream *u;
	char urls[128];

	snprintf(urls, sizeof urls, "%s,%s", peer_url(p), peer_url(q));
	u = http_upstream_open(&loop, urls, 64);
	for (int i = 0; i < 40; i++)
		ask(u, &a[i], GET);
	test_turn(&loop, 50);
	CHECK_INT(p->requests + q->requests, 40);
	CHECK(p->requests >= 15 && q->requests >= 15);
	for (int i = 0; i < 40; i++)
		http_call_cancel(&a[i].call);
	peer_close(&q);
	stop(&p, &u);
}

TEST(a_name_is_resolved)
{
	struct asked a = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u;
	char url[64];

	snprintf(url, sizeof url, "http://localhost:%u", peer_port(p));
	u = http_upstream_open(&loop, url, 4);
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	stop(&p, &u);
	asked_fini(&a);
}

TEST(a_name_that_does_not_exist)
{
	struct asked a = { 0 };
	struct peer *p = NULL;
	struct http_upstream *u;

	loop_init(&loop);
	u = http_upstream_open(&loop, "http://no-such-host.invalid:80", 4);
	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_UNAVAILABLE);
	stop(&p, &u);
}

TEST(urls_are_checked)
{
	static const char *const good[] = { "http://a", "http://a:80", "http://a:8080/",
		"http://[::1]:80", "http://10.0.0.1:1, http://b:2", "http://unix:/tmp/s" };
	static const char *const bad[] = { "", "a", "https://a", "http://", "http://:80",
		"http://a:0", "http://a:65536", "http://a:x", "http://a/b", "http://[::1",
		"http://unix:", "http://a,", "http://[::1]80" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (http_upstream_problem(good[i]))
			test_fail(__FILE__, __LINE__, "refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!http_upstream_problem(bad[i]))
			test_fail(__FILE__, __LINE__, "taken: \"%s\"", bad[i]);
	}
}

/* ---- time, leaving, back-pressure ---- */

TEST(no_answer_before_the_deadline)
{
	struct asked a = { .call.deadline_ms = clock_mono_ms() + 150 };
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_TIMEOUT);
	test_turn(&loop, 5);
	CHECK_INT(p->open, 1); /* the probe's; the one that owes an answer is closed */
	stop(&p, &u);
}

TEST(the_deadline_holds_while_waiting_for_a_connection)
{
	struct asked a = { 0 }, b = { .call.deadline_ms = clock_mono_ms() + 150 };
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 1);

	test_turn(&loop, 5);
	ask(u, &a, GET);
	ask(u, &b, GET);
	CHECK(test_until(&loop, &b.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 1);

	test_turn(&loop, 5);
	ask(u, &a, GET);
	test_turn(&loop, 5);
	CHECK_INT(p->requests, 1);
	http_call_cancel(&a.call);
	http_call_cancel(&a.call); /* harmless */
	CHECK_INT(http_upstream_in_flight(u), 0);
	CHECK(test_until_fn(&loop, none_open, p));
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
	by_name = http_upstream_open(&loop, url, 1);
	ask(by_name, &unresolved, GET);
	http_call_cancel(&unresolved.call);
	close_upstream(&by_name);

	u = http_upstream_open(&loop, peer_url(p), 2);
	ask(u, &connecting, GET);
	http_call_cancel(&connecting.call);
	test_turn(&loop, 5);
	ask(u, &sent, GET);
	ask(u, &waiting, GET);
	http_call_cancel(&waiting.call);
	http_call_cancel(&sent.call);
	test_turn(&loop, 5);
	CHECK(!unresolved.done && !connecting.done && !sent.done && !waiting.done);
	stop(&p, &u);
}

TEST(a_call_is_canceled_from_its_own_events)
{
	struct asked a = { .cancel_in_head = true }, b = { .cancel_in_body = true };
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	ask(u, &a, GET);
	ask(u, &b, GET);
	CHECK(test_until(&loop, &a.done));
	CHECK(test_until(&loop, &b.done));
	test_turn(&loop, 5);
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);
	static char mega[1000000];
	size_t held;

	ask(u, &a, GET);
	while (a.heads == 0)
		loop_turn(&loop, true);
	for (int i = 0; i < 20; i++)
		peer_say(last_conn, str_span(mega, sizeof mega));
	test_turn(&loop, 50);
	held = a.body.len;
	CHECK(held <= 65536);
	CHECK(!a.done);
	test_turn(&loop, 20);
	CHECK_INT(a.body.len, held);

	a.pause_in_body = false;
	http_call_resume(&a.call);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK_INT(a.body.len, 20000000);
	stop(&p, &u);
	asked_fini(&a);
}

TEST(a_request_that_does_not_fit_the_socket_is_written_in_parts)
{
	struct asked a = { 0 };
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);
	static char body[8000000];

	a.call.body = str_span(body, sizeof body);
	ask(u, &a, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
	CHECK(test_until(&loop, &a.done));
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
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);
	static char body[8000000];

	/* The peer takes the head for the whole request, answers, and reads no further. */
	p->on_request = answer_early;
	a.call.body = str_span(body, sizeof body);
	ask(u, &a, "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 8000000\r\n\r\n");
	while (p->requests == 0)
		loop_turn(&loop, true);
	peer_stop_reading(last_conn);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	test_turn(&loop, 5);
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

	loop_init(&loop);
	snprintf(
		at.sun_path, sizeof at.sun_path, "/tmp/castor-test-%d.sock", (int)getpid());
	snprintf(url, sizeof url, "http://unix:%s", at.sun_path);
	CHECK_INT(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	CHECK_INT(listen(listener, 8), 0);

	u = http_upstream_open(&loop, url, 1);
	ask(u, &a, GET);
	test_turn(&loop, 5);
	fd = accept(listener, NULL, NULL); /* the probe, which then carries the call */
	CHECK_INT(read(fd, request, sizeof request), sizeof GET - 1);
	CHECK(write(fd, HELLO, sizeof HELLO - 1) > 0);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	close(fd);
	close(listener);
	unlink(at.sun_path);
	test_turn(&loop, 5);

	ask(u, &b, GET);
	CHECK(test_until(&loop, &b.done));
	CHECK_INT(b.e, ERR_UNAVAILABLE);
	stop(&none, &u);
	asked_fini(&a);
}

/* ---- addresses that answer badly ---- */

#define BROKEN "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"

static enum err ask_once(struct http_upstream *u)
{
	struct asked a = { 0 };

	ask(u, &a, GET);
	CHECK(test_until(&loop, &a.done));
	asked_fini(&a);
	return a.e;
}

static bool asked_well(void *ctx)
{
	return ask_once(ctx) == ERR_OK;
}

TEST(an_address_that_only_fails_is_left_alone_until_a_trial_went_well)
{
	struct peer *p = start(BROKEN);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	for (int i = 0; i < 5; i++)
		CHECK_INT(ask_once(u), ERR_OK);
	CHECK_INT(ask_once(u), ERR_UNAVAILABLE);
	CHECK_INT(p->requests, 5);
	answer = HELLO;
	CHECK(test_until_fn(&loop, asked_well, u));
	CHECK_INT(ask_once(u), ERR_OK);
	stop(&p, &u);
}

TEST(a_service_that_says_when_to_come_again_works)
{
	struct peer *p = start(
		"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n"
		"Content-Length: 0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	for (int i = 0; i < 30; i++)
		CHECK_INT(ask_once(u), ERR_OK);
	CHECK_INT(p->requests, 30);
	stop(&p, &u);
}

static void say_broken(struct peer_conn *c)
{
	peer_say(c, STR(BROKEN));
}

TEST(one_of_two_that_fails_is_left_alone_and_never_both)
{
	struct peer *good = start(HELLO), *bad = peer_open(&loop, 0, say_broken);
	struct http_upstream *u;
	char urls[128];

	snprintf(urls, sizeof urls, "http://127.0.0.1:%u,http://127.0.0.1:%u",
		peer_port(good), peer_port(bad));
	u = http_upstream_open(&loop, urls, 16);
	while (bad->requests < 5)
		CHECK_INT(ask_once(u), ERR_OK);
	for (int i = 0; i < 50; i++)
		CHECK_INT(ask_once(u), ERR_OK);
	CHECK_INT(bad->requests, 5);
	answer = BROKEN;
	for (int i = 0; i < 50; i++)
		CHECK_INT(ask_once(u), ERR_OK); /* something is better than nothing */
	CHECK_INT(bad->requests, 5);
	peer_close(&bad);
	stop(&good, &u);
}

TEST(a_kept_connection_that_is_closed_is_nobody_s_fault)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);

	reset_second = true; /* every connection carries one request */
	for (int i = 0; i < 10; i++) {
		struct asked a = { 0 };

		a.call.repeatable = true;
		ask(u, &a, GET);
		CHECK(test_until(&loop, &a.done));
		CHECK_INT(a.e, ERR_OK);
		asked_fini(&a);
	}
	stop(&p, &u);
}

TEST(a_call_that_is_sent_again_says_so)
{
	char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Attempt: 1\r\n\r\n";
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&loop, peer_url(p), 4);
	struct asked a = { 0 };

	CHECK_INT(ask_once(u), ERR_OK);
	reset_second = true;
	a.call.repeatable = true;
	a.call.attempt = strstr(head, "1\r\n\r\n");
	ask(u, &a, head);
	CHECK(test_until(&loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK(strstr(head, "Attempt: 2\r\n"));
	asked_fini(&a);
	stop(&p, &u);
}
