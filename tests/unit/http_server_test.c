/* The HTTP server over real sockets: requests, order, bodies, connections. */
#include <signal.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "tests/lib/test.h"
#include "tests/lib/web.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- handlers ---- */

static struct task *held; /* the last task that waits until the test wakes it */
static int held_error;
static unsigned served, done_count;
static struct http_done last_done;

static outcome_t say_path(struct task *t)
{
	return reply_bytes(t, 200, STR("text/plain; charset=utf-8"), http_req(t)->path);
}

static outcome_t on_woken(struct task *t, enum err e)
{
	held = NULL;
	held_error = (int)e;
	return e == ERR_OK ? say_path(t) : reply_error(t, e);
}

static void on_cancel(struct task *t, void *ctx)
{
	(void)ctx;
	task_wake_soon(t, ERR_CANCELED);
}

static outcome_t serve(struct task *t)
{
	const struct http_request *r = http_req(t);

	served++;
	if (str_eq(r->path, STR("/wait"))) {
		held = t;
		task_on_cancel(t, on_cancel, NULL);
		return task_wait(t, on_woken);
	}
	if (str_eq(r->path, STR("/deaf"))) { /* waits for what cannot be called off */
		held = t;
		return task_wait(t, on_woken);
	}
	if (str_eq(r->path, STR("/echo")))
		return reply_bytes(t, 200, STR("application/octet-stream"), r->body);
	if (str_eq(r->path, STR("/peer")))
		return reply_bytes(t, 200, STR("text/plain"), r->peer);
	if (str_eq(r->path, STR("/ids")))
		return reply_bytes(t, 200, STR("text/plain"), str_of(t->log.trace_id));
	if (str_eq(r->path, STR("/deadline"))) {
		bool soon = t->deadline_ms <= clock_mono_ms() + 5000;

		return reply_bytes(
			t, 200, STR("text/plain"), soon ? STR("soon") : STR("late"));
	}
	if (str_eq(r->path, STR("/bad-header"))) {
		reply_header(t, STR("X-Bad"), STR("a\r\nX-Evil: b"));
		reply_header(t, STR("X Bad"), STR("a"));
		reply_header(t, STR("X-Good"), STR("a"));
		return reply_empty(t, 204);
	}
	return say_path(t);
}

static void on_done(struct task *t, const struct http_done *d)
{
	(void)t;
	done_count++;
	last_done = *d;
}

static bool admit(struct task *t, size_t *body_max)
{
	http_on_done(t, on_done);
	if (str_eq(http_req(t)->path, STR("/refused"))) {
		(void)!reply_problem(t, &PROBLEM_NOT_FOUND, NULL).said_;
		return false;
	}
	*body_max = 300000;
	return true;
}

static void setup(struct web *w, struct client *c)
{
	signal(SIGPIPE, SIG_IGN);
	log_least = LOG_ERROR + 1; /* refusals are the point here */
	served = done_count = 0;
	held = NULL;
	held_error = -1;
	w->o.serve = serve;
	w->o.admit = admit;
	web_open(w);
	client_open(c, w);
}

static void teardown(struct web *w, struct client *c)
{
	client_close(c);
	web_close(w);
}

#define SETUP                                                                              \
	struct web w = { 0 };                                                              \
	struct client c;                                                                   \
                                                                                           \
	setup(&w, &c)
#define TEARDOWN teardown(&w, &c)

#define CHECK_ANSWER(c, want_status, want_body)                                            \
	do {                                                                               \
		CHECK_INT(client_answer(c), want_status);                                  \
		CHECK_STR(buf_str(&(c)->body), STR(want_body));                            \
	} while (0)

static struct conn *conn_of(struct web *w)
{
	return container_of(w->server->conns.next, struct conn, link);
}

/* ---- plain requests ---- */

TEST(a_connection_is_kept_for_the_next_request)
{
	SETUP;
	SAY(&c, GET("/one"));
	CHECK_ANSWER(&c, 200, "/one");
	SAY(&c, GET("/two"));
	CHECK_ANSWER(&c, 200, "/two");
	CHECK_INT(http_server_connections(w.server), 1);
	CHECK_INT(done_count, 2);
	CHECK_INT(last_done.status, 200);
	CHECK_INT(last_done.body_bytes, 4);
	CHECK(!last_done.cut);
	TEARDOWN;
}

TEST(every_answer_carries_the_common_fields)
{
	SETUP;
	SAY(&c, GET("/x"));
	CHECK_ANSWER(&c, 200, "/x");
	CHECK(client_has(&c, "X-Content-Type-Options: nosniff"));
	CHECK(client_has(&c, "Cache-Control: no-store"));
	CHECK(client_has(&c, "Content-Type: text/plain; charset=utf-8"));
	CHECK(client_has(&c, "Content-Length: 2"));
	CHECK_INT(client_field(&c, "X-Request-Id").len, 32);
	CHECK_INT(client_field(&c, "Date").len, 29);
	CHECK(!client_field(&c, "Connection").ptr);
	CHECK(!client_field(&c, "Server").ptr);
	TEARDOWN;
}

TEST(an_idle_connection_holds_no_buffers)
{
	SETUP;
	SAY(&c, GET("/one"));
	CHECK_ANSWER(&c, 200, "/one");
	CHECK(!conn_of(&w)->pending.ptr && !conn_of(&w)->out.ptr && !conn_of(&w)->x);
	CHECK_INT(w.server->held, 0);
	CHECK_INT(w.server->exchange_count, 0);
	TEARDOWN;
}

TEST(a_head_request_is_answered_without_a_body)
{
	SETUP;
	SAY(&c, "HEAD /four HTTP/1.1\r\nHost: a\r\n\r\n" GET("/next"));
	TURN_UNTIL(&w.app.loop, (client_look(&c), served == 2));
	client_look(&c);
	CHECK(memmem(c.got.ptr, c.got.len, "Content-Length: 5", 17) != NULL);
	CHECK(memmem(c.got.ptr, c.got.len, "\r\n\r\nHTTP/1.1 200 OK", 19) != NULL);
	TEARDOWN;
}

TEST(forbidden_bytes_never_get_into_a_header)
{
	SETUP;
	SAY(&c, GET("/bad-header"));
	CHECK_INT(client_answer(&c), 204);
	CHECK(!client_field(&c, "X-Evil").ptr && !client_field(&c, "X-Bad").ptr);
	CHECK(client_has(&c, "X-Good: a"));
	CHECK(!client_field(&c, "Content-Length").ptr);
	TEARDOWN;
}

TEST(http_1_0_clients_are_served)
{
	SETUP;
	SAY(&c, "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CHECK_ANSWER(&c, 200, "/old");
	CHECK(client_has(&c, "Connection: keep-alive"));
	SAY(&c, "GET /older HTTP/1.0\r\n\r\n");
	CHECK_ANSWER(&c, 200, "/older");
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	TEARDOWN;
}

TEST(a_client_that_asks_for_it_is_closed)
{
	SETUP;
	SAY(&c, "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/2"));
	CHECK_ANSWER(&c, 200, "/1");
	CHECK(client_sees_end(&c));
	CHECK_INT(served, 1);
	TEARDOWN;
}

TEST(an_offer_to_upgrade_is_answered_and_closed)
{
	SETUP;
	SAY(&c, "GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n\r\n"
		"\x81\x05hello");
	CHECK_ANSWER(&c, 200, "/u");
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	TEARDOWN;
}

TEST(a_unix_socket_is_served)
{
	struct web w = { 0 };
	struct client c;
	char listen[80];

	snprintf(listen, sizeof listen, "unix:/tmp/castor-http-%ld.sock", (long)getpid());
	w.o.listen = listen;
	for (int i = 0; i < 2; i++) {
		setup(&w, &c);
		SAY(&c, GET("/peer"));
		CHECK_ANSWER(&c, 200, "unix");
		TEARDOWN;
		CHECK(access(listen + 5, F_OK) != 0);
	}
}

TEST(the_peer_is_known)
{
	SETUP;
	SAY(&c, GET("/peer"));
	CHECK_ANSWER(&c, 200, "127.0.0.1");
	TEARDOWN;
}

TEST(an_address_in_use_is_reported)
{
	SETUP;
	struct http_server_options o = w.o;
	struct http_server *second = NULL;
	char taken[40];

	snprintf(taken, sizeof taken, "127.0.0.1:%u", http_server_port(w.server));
	o.listen = taken;
	CHECK_INT(http_server_open(&w.app.loop, &o, &second), ERR_UNAVAILABLE);
	o.listen = "127.0.0.1";
	CHECK_INT(http_server_open(&w.app.loop, &o, &second), ERR_UNAVAILABLE);
	CHECK(!second);
	TEARDOWN;
}

/* ---- order ---- */

TEST(pipelined_requests_are_answered_in_order)
{
	SETUP;
	SAY(&c, GET("/1")
			GET("/2") "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" GET(
				"/4"));
	CHECK_ANSWER(&c, 200, "/1");
	CHECK_ANSWER(&c, 200, "/2");
	CHECK_ANSWER(&c, 200, "hi");
	CHECK_ANSWER(&c, 200, "/4");
	TEARDOWN;
}

TEST(requests_behind_a_slow_one_wait_for_it)
{
	SETUP;
	SAY(&c, GET("/wait") GET("/2") GET("/3"));
	TURN_UNTIL(&w.app.loop, held);
	turn_for_ms(&w.app.loop, 5);
	CHECK_INT(served, 1);
	task_wake(held, ERR_OK);
	CHECK_ANSWER(&c, 200, "/wait");
	CHECK_ANSWER(&c, 200, "/2");
	CHECK_ANSWER(&c, 200, "/3");
	CHECK(!conn_of(&w)->pending.ptr);
	TEARDOWN;
}

TEST(what_waits_behind_a_slow_request_is_bounded)
{
	SETUP;
	SAY(&c, GET("/wait"));
	TURN_UNTIL(&w.app.loop, held);
	for (int i = 0; i < 5000; i++)
		SAY(&c, GET("/x"));
	turn_for_ms(&w.app.loop, 5);
	CHECK(!conn_of(&w)->sock.reading);
	CHECK(conn_of(&w)->pending.len <= 4096 + READ_BUFFER_SIZE);
	task_wake(held, ERR_OK);
	CHECK_ANSWER(&c, 200, "/wait");
	for (int i = 0; i < 5000; i++)
		CHECK_ANSWER(&c, 200, "/x");
	CHECK_INT(served, 5001);
	CHECK(conn_of(&w)->sock.reading);
	TEARDOWN;
}

TEST(a_request_may_come_byte_by_byte)
{
	struct str bytes = STR(
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
		"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
		"\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	SETUP;

	for (size_t i = 0; i < bytes.len; i++) {
		client_say(&c, str_span(bytes.ptr + i, 1));
		client_look(&c);
	}
	CHECK_ANSWER(&c, 200, "hello");
	CHECK_ANSWER(&c, 200, "abcde");
	TEARDOWN;
}

/* ---- bodies ---- */

static struct str filled(struct buf *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, (char)('a' + i % 23));
	return buf_str(b);
}

TEST(large_bodies_come_whole)
{
	struct buf body = { 0 };
	SETUP;

	filled(&body, 300000);
	SAY(&c, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
	client_say(&c, buf_str(&body));
	CHECK_INT(client_answer(&c), 200);
	CHECK(str_eq(buf_str(&c.body), buf_str(&body)));
	SAY(&c, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		"chunked\r\n\r\n493e0\r\n");
	client_say(&c, buf_str(&body));
	SAY(&c, "\r\n0\r\nX-Sum: 1\r\n\r\n");
	CHECK_INT(client_answer(&c), 200);
	CHECK(str_eq(buf_str(&c.body), buf_str(&body)));
	CHECK_INT(w.server->held, 0);
	buf_fini(&body);
	TEARDOWN;
}

TEST(a_body_is_asked_for_when_the_client_expects_it)
{
	SETUP;
	SAY(&c, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: "
		"100-continue\r\n"
		"\r\n");
	CHECK_INT(client_answer(&c), 100);
	SAY(&c, "hi");
	CHECK_ANSWER(&c, 200, "hi");
	SAY(&c, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: "
		"100-continue\r\n"
		"\r\nho");
	CHECK_ANSWER(&c, 200, "ho");
	TEARDOWN;
}

TEST(a_body_is_not_asked_for_when_the_request_is_refused)
{
	SETUP;
	SAY(&c, "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
		"Expect: 100-continue\r\n\r\n");
	CHECK_INT(client_answer(&c), 404);
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	CHECK_INT(served, 0);
	TEARDOWN;
}

TEST(a_large_body_is_refused_before_it_is_read)
{
	struct buf body = { 0 };
	SETUP;

	SAY(&c, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300001\r\n\r\n");
	client_say(&c, filled(&body, 300001)); /* the answer must not be lost in a reset */
	CHECK_INT(client_answer(&c), 413);
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_has(&c, "Content-Type: application/problem+json"));
	CHECK(client_sees_end(&c));
	CHECK_INT(served, 0);
	buf_fini(&body);
	TEARDOWN;
}

TEST(a_small_body_of_a_refused_request_is_skipped)
{
	SETUP;
	SAY(&c, "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
	CHECK_INT(client_answer(&c), 404);
	CHECK(!client_has(&c, "Connection: close"));
	SAY(&c, "llo" GET("/next"));
	CHECK_ANSWER(&c, 200, "/next");
	CHECK_INT(served, 1);
	TEARDOWN;
}

TEST(a_refused_request_without_a_body_is_over_with_its_answer)
{
	SETUP;
	SAY(&c, GET("/refused"));
	CHECK_INT(client_answer(&c), 404);
	CHECK(!client_has(&c, "Connection: close"));
	CHECK_INT(w.server->exchange_count, 0);
	CHECK_INT(http_server_in_hand(w.server), 0);
	CHECK(conn_of(&w)->state == CONN_HEAD); /* not waited for as a slow body */
	SAY(&c, GET("/refused") GET("/next"));
	CHECK_INT(client_answer(&c), 404);
	CHECK_ANSWER(&c, 200, "/next");
	TEARDOWN;
}

TEST(a_chunked_body_of_a_refused_request_ends_the_connection)
{
	SETUP;
	SAY(&c, "POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		"chunked\r\n\r\n5\r\nhe");
	CHECK_INT(client_answer(&c), 404);
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	TEARDOWN;
}

/* ---- refusals ---- */

TEST(a_malformed_request_is_answered_once_and_closed)
{
	SETUP;
	SAY(&c, GET("/1") "GET /2 HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n" GET("/3"));
	CHECK_ANSWER(&c, 200, "/1");
	CHECK_INT(client_answer(&c), 400);
	CHECK(client_has(&c, "Content-Type: application/problem+json"));
	CHECK(client_has(&c, "Connection: close"));
	CHECK(memmem(c.body.ptr, c.body.len, "\"code\":\"malformed_request\"", 26) != NULL);
	CHECK(client_sees_end(&c));
	CHECK_INT(c.got.len, 0);
	CHECK_INT(served, 1);
	CHECK_INT(http_server_refused(w.server), 1);
	TEARDOWN;
}

TEST(an_answer_to_a_refused_request_survives_what_still_comes)
{
	struct buf body = { 0 };
	SETUP;

	filled(&body, 20000);
	SAY(&c, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: "
		"6\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		client_say(&c, buf_str(&body));
		turn_once(&w.app.loop);
	}
	CHECK(!c.reset);
	CHECK_INT(client_answer(&c), 400);
	CHECK(client_sees_end(&c));
	buf_fini(&body);
	TEARDOWN;
}

TEST(methods_never_served_are_named)
{
	SETUP;
	SAY(&c, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_INT(client_answer(&c), 405);
	CHECK(client_has(&c, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
	TEARDOWN;
}

/* ---- ids ---- */

TEST(well_formed_ids_are_kept_and_others_made_anew)
{
	SETUP;
	SAY(&c, "GET /ids HTTP/1.1\r\nHost: a\r\nX-Request-Id: a-B.1_z\r\n"
		"traceparent: "
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
	CHECK_ANSWER(&c, 200, "0af7651916cd43dd8448eb211c80319c");
	CHECK(client_has(&c, "X-Request-Id: a-B.1_z"));
	SAY(&c, "GET /ids HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n"
		"traceparent: "
		"00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n\r\n");
	CHECK_INT(client_answer(&c), 200);
	CHECK_INT(client_field(&c, "X-Request-Id").len, 32);
	CHECK_INT(c.body.len, 32);
	CHECK(memcmp(c.body.ptr, "00000000", 8) != 0);
	TEARDOWN;
}

TEST(malformed_traceparents_start_a_new_trace)
{
	static const char *const bad[] = {
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
		"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"",
	};
	char request[200];
	SETUP;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(request, sizeof request,
			"GET /ids HTTP/1.1\r\nHost: a\r\ntraceparent: %s\r\n\r\n", bad[i]);
		client_say(&c, str_of(request));
		CHECK_INT(client_answer(&c), 200);
		CHECK(!str_eq(buf_str(&c.body), STR("0af7651916cd43dd8448eb211c80319c")));
	}
	TEARDOWN;
}

TEST(a_callers_deadline_holds_if_it_is_sooner)
{
	SETUP;
	SAY(&c, GET("/deadline"));
	CHECK_ANSWER(&c, 200, "late");
	SAY(&c, "GET /deadline HTTP/1.1\r\nHost: a\r\nX-Request-Deadline-Ms: 1000\r\n\r\n");
	CHECK_ANSWER(&c, 200, "soon");
	SAY(&c, "GET /deadline HTTP/1.1\r\nHost: a\r\nX-Request-Deadline-Ms: "
		"99999999\r\n\r\n");
	CHECK_ANSWER(&c, 200, "late");
	SAY(&c, "GET /deadline HTTP/1.1\r\nHost: a\r\nX-Request-Deadline-Ms: -1\r\n\r\n");
	CHECK_ANSWER(&c, 200, "late");
	TEARDOWN;
}

/* ---- clients that leave ---- */

TEST(a_handler_is_told_when_its_client_leaves)
{
	SETUP;
	SAY(&c, GET("/wait"));
	TURN_UNTIL(&w.app.loop, held);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, !held);
	CHECK_INT(held_error, ERR_CANCELED);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	CHECK_INT(w.server->exchange_count, 0);
	CHECK_INT(done_count, 1);
	TEARDOWN;
}

TEST(leaving_is_noticed_behind_further_requests)
{
	SETUP;
	SAY(&c, GET("/wait") GET("/2"));
	TURN_UNTIL(&w.app.loop, held);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, !held);
	CHECK_INT(held_error, ERR_CANCELED);
	CHECK_INT(served, 1);
	TEARDOWN;
}

TEST(a_reset_is_noticed_too)
{
	struct linger none = { .l_onoff = 1 };
	SETUP;

	SAY(&c, GET("/wait"));
	TURN_UNTIL(&w.app.loop, held);
	setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, !held);
	CHECK_INT(held_error, ERR_CANCELED);
	CHECK(last_done.cut);
	TEARDOWN;
}

TEST(a_handler_outlives_its_connection)
{
	struct linger none = { .l_onoff = 1 };
	SETUP;

	SAY(&c, GET("/deaf"));
	TURN_UNTIL(&w.app.loop, held);
	setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	CHECK(held && held->canceled);
	CHECK_INT(w.server->exchange_count, 1);
	task_wake(held, ERR_OK);
	CHECK_INT(w.server->exchange_count, 0);
	TEARDOWN;
}

TEST(a_client_that_only_stops_sending_gets_its_answer)
{
	SETUP;
	SAY(&c, GET("/1") GET("/2"));
	shutdown(c.fd, SHUT_WR);
	CHECK_ANSWER(&c, 200, "/1");
	CHECK_ANSWER(&c, 200, "/2");
	CHECK(client_sees_end(&c));
	TEARDOWN;
}

TEST(a_request_that_is_never_whole_is_forgotten)
{
	SETUP;
	SAY(&c, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
	TURN_UNTIL(&w.app.loop, w.server->exchange_count == 1);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	CHECK_INT(w.server->exchange_count, 0);
	CHECK_INT(w.server->held, 0);
	CHECK_INT(served, 0);
	CHECK_INT(done_count, 1);
	CHECK_INT(last_done.status, 0);
	TEARDOWN;
}

TEST(closing_the_server_waits_for_handlers)
{
	SETUP;
	SAY(&c, GET("/deaf"));
	TURN_UNTIL(&w.app.loop, held);
	struct task *t = held;

	http_server_close(&w.server, NULL, NULL);
	turn_for_ms(&w.app.loop, 5);
	CHECK(held == t && t->canceled);
	task_wake(t, ERR_OK);
	client_close(&c);
	loop_run(&w.app.loop);
	loop_fini(&w.app.loop);
}

/* ---- all at once ---- */

static uint32_t dice; /* the same throws in every run */

static uint32_t throw(uint32_t sides)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % sides;
}

static void misbehave(struct client *c, struct web *w)
{
	static const struct str things[] = {
		STR(GET("/x")),
		STR(GET("/x") GET("/wait") GET("/y")),
		STR(GET("/wait")),
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello"),
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		    "chunked\r\n\r\n5\r\nhe"),
		STR("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell"),
		STR("llo\r\n0\r\n\r\n"),
		STR("GET /x HTTP/1.1\r\nHo"),
		STR("\r\n"),
		STR("nonsense"),
		STR("GET /x HTTP/1.0\r\n\r\n"),
	};
	struct linger none = { .l_onoff = 1 };

	switch (throw(8)) {
	case 0:
		client_close(c);
		client_open(c, w);
		break;
	case 1:
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
		client_close(c);
		client_open(c, w);
		break;
	case 2:
		shutdown(c->fd, SHUT_WR);
		break;
	case 3:
		client_look(c);
		break;
	case 4:
		if (held)
			task_wake(held, ERR_OK);
		break;
	default:
		client_say(c, things[throw(sizeof things / sizeof *things)]);
	}
}

TEST(rude_clients_leave_nothing_behind)
{
	struct client others[6];
	SETUP;

	dice = 1;
	for (int i = 0; i < 6; i++)
		client_open(&others[i], &w);
	for (int i = 0; i < 2000; i++)
		misbehave(&others[throw(6)], &w);
	for (int i = 0; i < 6; i++)
		client_close(&others[i]);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 1);
	CHECK_INT(w.server->exchange_count, 0);
	CHECK_INT(w.server->held, 0);
	SAY(&c, GET("/still-here"));
	CHECK_ANSWER(&c, 200, "/still-here");
	TEARDOWN;
}
