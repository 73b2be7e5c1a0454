// needs: tests/unit/http_client_fixture.c
/* Where calls go: addresses that come, go, fail and come back. */
#include "http/upstream.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "tests/unit/http_client_fixture.h"

/* ---- addresses ---- */

static unsigned dead_port(void)
{
	struct peer *p = peer_open(&client_loop, 0, say_answer);
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

	loop_init(&client_loop);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", dead_port());
	u = http_upstream_open(&client_loop, url, 4);
	ask(u, &a, GET);
	CHECK(!a.done); /* never from inside send */
	CHECK(test_until(&client_loop, &a.done));
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
	u = http_upstream_open(&client_loop, urls, 16);
	for (int i = 0; i < 30; i++) {
		ask(u, &a[i], GET);
		CHECK(test_until(&client_loop, &a[i].done));
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
	u = http_upstream_open(&client_loop, url, 4);
	for (int i = 0; i < 8; i++) {
		struct asked a = { 0 };

		ask(u, &a, GET);
		CHECK(test_until(&client_loop, &a.done));
		CHECK_INT(a.e, ERR_UNAVAILABLE);
	}
	p = peer_open(&client_loop, port, say_answer);
	CHECK(test_until_fn(&client_loop, upstream_is_up,
		u)); /* the probe finds it, no call is spent */
	ask(u, &last, GET);
	CHECK(test_until(&client_loop, &last.done));
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
	u = http_upstream_open(&client_loop, url, 4);
	test_turn(&client_loop, 20);
	CHECK(!http_upstream_is_up(u));
	p = peer_open(&client_loop, port, say_answer);
	CHECK(test_until_fn(&client_loop, upstream_is_up, u));
	stop(&p, &u);
}

static bool upstream_is_down(void *ctx)
{
	return !http_upstream_is_up(ctx);
}

TEST(an_address_that_went_away_is_noticed_without_a_call)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	CHECK(test_until_fn(&client_loop, upstream_is_up, u));
	peer_close(&p);
	CHECK(test_until_fn(&client_loop, upstream_is_down, u));
	stop(&p, &u);
}

TEST(calls_go_to_the_address_with_less_in_hand)
{
	struct asked a[40] = { 0 };
	struct peer *p = start(NULL), *q = peer_open(&client_loop, 0, say_answer);
	struct http_upstream *u;
	char urls[128];

	snprintf(urls, sizeof urls, "%s,%s", peer_url(p), peer_url(q));
	u = http_upstream_open(&client_loop, urls, 64);
	for (int i = 0; i < 40; i++)
		ask(u, &a[i], GET);
	test_turn(&client_loop, 50);
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
	u = http_upstream_open(&client_loop, url, 4);
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	stop(&p, &u);
	asked_fini(&a);
}

TEST(a_name_that_does_not_exist)
{
	struct asked a = { 0 };
	struct peer *p = NULL;
	struct http_upstream *u;

	loop_init(&client_loop);
	u = http_upstream_open(&client_loop, "http://no-such-host.invalid:80", 4);
	ask(u, &a, GET);
	CHECK(test_until(&client_loop, &a.done));
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

/* ---- addresses that answer badly ---- */

#define BROKEN "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"

static bool asked_well(void *ctx)
{
	return ask_once(ctx) == ERR_OK;
}

TEST(an_address_that_only_fails_is_left_alone_until_a_trial_went_well)
{
	struct peer *p = start(BROKEN);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	for (int i = 0; i < 5; i++)
		CHECK_INT(ask_once(u), ERR_OK);
	CHECK_INT(ask_once(u), ERR_UNAVAILABLE);
	CHECK_INT(p->requests, 5);
	answer = HELLO;
	CHECK(test_until_fn(&client_loop, asked_well, u));
	CHECK_INT(ask_once(u), ERR_OK);
	stop(&p, &u);
}

TEST(a_service_that_says_when_to_come_again_works)
{
	struct peer *p = start(
		"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n"
		"Content-Length: 0\r\n\r\n");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

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
	struct peer *good = start(HELLO), *bad = peer_open(&client_loop, 0, say_broken);
	struct http_upstream *u;
	char urls[128];

	snprintf(urls, sizeof urls, "http://127.0.0.1:%u,http://127.0.0.1:%u",
		peer_port(good), peer_port(bad));
	u = http_upstream_open(&client_loop, urls, 16);
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
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);

	reset_second = true; /* every connection carries one request */
	for (int i = 0; i < 10; i++) {
		struct asked a = { 0 };

		a.call.repeatable = true;
		ask(u, &a, GET);
		CHECK(test_until(&client_loop, &a.done));
		CHECK_INT(a.e, ERR_OK);
		asked_fini(&a);
	}
	stop(&p, &u);
}

TEST(a_call_that_is_sent_again_says_so)
{
	char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Attempt: 1\r\n\r\n";
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 4);
	struct asked a = { 0 };

	CHECK_INT(ask_once(u), ERR_OK);
	reset_second = true;
	a.call.repeatable = true;
	a.call.attempt = strstr(head, "1\r\n\r\n");
	ask(u, &a, head);
	CHECK(test_until(&client_loop, &a.done));
	CHECK_INT(a.e, ERR_OK);
	CHECK(strstr(head, "Attempt: 2\r\n"));
	asked_fini(&a);
	stop(&p, &u);
}

/* ---- streams that are cut ---- */

#define EVENTS                                                                             \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"            \
	"Transfer-Encoding: chunked\r\n\r\n3\r\n:\n\n\r\n"
#define STREAMS 12

static struct asked streams[STREAMS];

static void begin_streams(struct http_upstream *u)
{
	memset(streams, 0, sizeof streams);
	answer = EVENTS;
	for (int i = 0; i < STREAMS; i++) {
		ask(u, &streams[i], GET);
		while (streams[i].pieces == 0)
			loop_turn(&client_loop, true);
	}
	answer = HELLO;
}

static void see_them_end(void)
{
	for (int i = 0; i < STREAMS; i++) {
		CHECK(test_until(&client_loop, &streams[i].done));
		CHECK_INT(streams[i].e, ERR_UNSURE);
		asked_fini(&streams[i]);
	}
}

static void cut_all(struct peer *p)
{
	LIST_EACH (&p->conns, link)
		peer_reset(container_of(link, struct peer_conn, link));
}

TEST(streams_that_are_cut_together_are_no_failures)
{
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 64);

	begin_streams(u);
	cut_all(p);
	see_them_end();
	for (int i = 0; i < 10; i++)
		CHECK_INT(ask_once(u), ERR_OK);
	stop(&p, &u);
}

/* Nothing was idle, and nobody asks: only the streams can tell. */
TEST(that_a_service_is_gone_is_seen_from_its_streams)
{
	struct peer *p = start(NULL);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 64);

	begin_streams(u);
	CHECK(http_upstream_is_up(u));
	peer_close(&p);
	see_them_end();
	CHECK(test_until_fn(&client_loop, upstream_is_down, u));
	stop(&p, &u);
}

TEST(answers_that_are_cut_are_failures)
{
	struct peer *p = start("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 64);
	unsigned asked = 0;

	then_hang_up = true;
	while (asked < 40 && ask_once(u) == ERR_UNSURE)
		asked++;
	CHECK(asked >= 5 && asked <= 20);
	stop(&p, &u);
}

/* ---- connections that nobody needs ---- */

static bool none_left(void *ctx)
{
	return ((const struct peer *)ctx)->open == 0;
}

TEST(a_connection_that_is_idle_for_long_is_closed)
{
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 16);

	CHECK_INT(ask_once(u), ERR_OK);
	test_turn(&client_loop, 250);
	CHECK(p->open > 0);
	LIST_EACH (&u->endpoints.all[0]->idle, link)
		container_of(link, struct client_conn, link)->since_ms -= 30000;
	CHECK(test_until_fn(&client_loop, none_left, p));
	CHECK(http_upstream_is_up(u));
	stop(&p, &u);
}

/* ---- one trial ---- */

TEST(of_many_calls_one_is_the_trial)
{
	struct asked a[10] = { 0 };
	struct peer *p = start(BROKEN);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 16);
	unsigned refused = 0;

	for (int i = 0; i < 5; i++)
		CHECK_INT(ask_once(u), ERR_OK);
	answer = NULL;
	u->endpoints.all[0]->breaker.retry_ms = 0;
	for (int i = 0; i < 10; i++)
		ask(u, &a[i], GET);
	test_turn(&client_loop, 20);
	for (int i = 0; i < 10; i++)
		refused += a[i].done && a[i].e == ERR_UNAVAILABLE;
	CHECK_INT(refused, 9);
	CHECK_INT(p->requests, 6);
	for (int i = 0; i < 10; i++)
		http_call_cancel(&a[i].call);
	stop(&p, &u);
}

/* ---- what there is too little of here ---- */

TEST(that_we_have_no_descriptor_is_not_the_address_s_fault)
{
	struct peer *p = start(
		"HTTP/1.1 200 OK\r\nConnection: close\r\n"
		"Content-Length: 5\r\n\r\nhello");
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 16);
	struct rlimit before, none;

	for (int i = 0; i < 2; i++) { /* each closes its connection: none is idle then */
		CHECK_INT(ask_once(u), ERR_OK);
		test_turn(&client_loop, 5);
	}
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < 10; i++)
		CHECK_INT(ask_once(u), ERR_UNAVAILABLE);
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK(http_upstream_is_up(u));
	CHECK_INT(ask_once(u), ERR_OK);
	stop(&p, &u);
}

/* ---- who gets a call ---- */

static void say_nothing(struct peer_conn *c)
{
	(void)c;
}

TEST(a_slow_address_gets_few_calls)
{
	struct asked a[100] = { 0 };
	struct peer *slow = start(HELLO), *fast = peer_open(&client_loop, 0, say_answer),
		    *other = peer_open(&client_loop, 0, say_answer);
	struct http_upstream *u;
	char urls[192];

	slow->on_request = say_nothing;
	snprintf(urls, sizeof urls, "%s,%s,%s", peer_url(slow), peer_url(fast),
		peer_url(other));
	u = http_upstream_open(&client_loop, urls, 64);
	for (int i = 0; i < 100; i++) {
		ask(u, &a[i], GET);
		test_turn(&client_loop, 1);
	}
	CHECK_INT(slow->requests + fast->requests + other->requests, 100);
	CHECK(slow->requests <=
		2); /* what it has in hand is more than the others' nothing */
	CHECK(fast->requests >= 25 && other->requests >= 25);
	for (int i = 0; i < 100; i++) {
		http_call_cancel(&a[i].call);
		asked_fini(&a[i]);
	}
	peer_close(&fast);
	peer_close(&other);
	stop(&slow, &u);
}

/* ---- repeats ---- */

static void ask_all(struct http_upstream *u, struct asked *a, int n)
{
	for (int i = 0; i < n; i++) {
		a[i] = (struct asked){ .call.repeatable = true };
		ask(u, &a[i], GET);
	}
}

static void see_all_well(struct asked *a, int n)
{
	for (int i = 0; i < n; i++) {
		CHECK(test_until(&client_loop, &a[i].done));
		CHECK_INT(a[i].e, ERR_OK);
		asked_fini(&a[i]);
	}
}

/* A busy service that is replaced loses none of them. */
TEST(of_many_calls_many_may_be_repeated)
{
	static struct asked a[40];
	struct peer *p = start(HELLO);
	struct http_upstream *u = http_upstream_open(&client_loop, peer_url(p), 64);

	for (int round = 0; round < 11; round++) {
		ask_all(u, a, 40);
		see_all_well(a, 40);
	}
	answer = NULL;
	ask_all(u, a, 40);
	test_turn(&client_loop, 20);
	CHECK_INT(p->requests, 12 * 40);
	answer = HELLO;
	cut_all(p);
	see_all_well(a, 40);
	CHECK_INT(p->requests, 13 * 40);
	stop(&p, &u);
}
