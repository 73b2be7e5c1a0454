/* The HTTP server's limits and timers: what is too slow, too much or too many. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "tests/lib/test.h"
#include "tests/lib/web.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define BIG       100000

static char big[BIG];
static unsigned served;
static struct task *held;

static outcome_t on_woken(struct task *t, enum err e)
{
	(void)e;
	held = NULL;
	return reply_bytes(t, 200, STR("text/plain"), STR("woken"));
}

static outcome_t serve(struct task *t)
{
	served++;
	if (str_eq(http_req(t)->path, STR("/big")))
		return reply_bytes(t, 200, STR("text/plain"), str_span(big, BIG));
	if (str_eq(http_req(t)->path, STR("/wait"))) {
		held = t;
		return task_wait(t, on_woken);
	}
	return reply_bytes(t, 200, STR("text/plain"), http_req(t)->body);
}

static void setup(struct web *w, struct client *c)
{
	signal(SIGPIPE, SIG_IGN);
	log_least = LOG_ERROR + 1;
	served = 0;
	held = NULL;
	w->o.serve = serve;
	web_open(w);
	client_open(c, w);
}

#define SETUP(...)                                                                         \
	struct web w = { .o = { __VA_ARGS__ } };                                           \
	struct client c;                                                                   \
                                                                                           \
	setup(&w, &c)
#define TEARDOWN                                                                           \
	client_close(&c);                                                                  \
	web_close(&w)

/* ---- too slow ---- */

TEST(a_head_must_come_in_time)
{
	SETUP(.head_ms = 30);
	SAY(&c, "GET / HTTP/1.1\r\nHost:");
	CHECK_INT(client_answer(&c), 408);
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	TEARDOWN;
}

TEST(a_trickle_of_bytes_does_not_buy_time)
{
	SETUP(.head_ms = 30);
	SAY(&c, "GET / HTTP/1.1\r\n");
	TURN_UNTIL(&w.app.loop,
		(SAY(&c, "X: y\r\n"), usleep(2000), client_look(&c), c.got.len));
	CHECK_INT(client_answer(&c), 408);
	TEARDOWN;
}

TEST(a_second_head_must_come_in_time_too)
{
	SETUP(.head_ms = 30);
	SAY(&c, GET("/") "GET /");
	CHECK_INT(client_answer(&c), 200);
	CHECK_INT(client_answer(&c), 408);
	TEARDOWN;
}

TEST(blank_lines_begin_no_head)
{
	SETUP(.head_ms = 20, .idle_ms = 60000);
	SAY(&c, GET("/") "\r\n");
	CHECK_INT(client_answer(&c), 200);
	turn_for_ms(&w.app.loop, 60);
	CHECK_INT(c.got.len, 0);
	SAY(&c, GET("/"));
	CHECK_INT(client_answer(&c), 200);
	TEARDOWN;
}

TEST(a_body_must_come_in_time)
{
	SETUP(.body_ms = 30);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
	CHECK_INT(client_answer(&c), 408);
	CHECK(client_sees_end(&c));
	CHECK_INT(served, 0);
	TEARDOWN;
}

TEST(a_body_must_keep_its_pace)
{
	SETUP(.pace_ms = 30);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhello");
	CHECK_INT(client_answer(&c), 408);
	CHECK_INT(served, 0);
	TEARDOWN;
}

TEST(a_body_that_keeps_its_pace_is_waited_for)
{
	SETUP(.pace_ms = 200);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
	client_say(&c, str_span(big, BIG));
	turn_for_ms(&w.app.loop, 300);
	SAY(&c, "x");
	CHECK_INT(client_answer(&c), 200);
	CHECK_INT(c.body.len, BIG + 1);
	TEARDOWN;
}

TEST(an_idle_connection_ends)
{
	SETUP(.idle_ms = 30, .linger_ms = 10);
	SAY(&c, GET("/"));
	CHECK_INT(client_answer(&c), 200);
	CHECK(client_sees_end(&c));
	CHECK_INT(c.got.len, 0);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	TEARDOWN;
}

TEST(a_refused_client_is_not_listened_to_for_long)
{
	SETUP(.linger_ms = 30);
	SAY(&c, "nonsense\r\n");
	CHECK_INT(client_answer(&c), 400);
	TURN_UNTIL(&w.app.loop,
		(SAY(&c, "more nonsense"), http_server_connections(w.server) == 0));
	TEARDOWN;
}

TEST(a_client_that_does_not_read_is_cut_off)
{
	SETUP(.write_ms = 40);
	int small = 4096;

	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < 100; i++)
		SAY(&c, GET("/big"));
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	CHECK_INT(w.server->exchange_count, 0);
	TEARDOWN;
}

static void take_some(struct client *c)
{
	char some[2000];

	(void)!recv(c->fd, some, sizeof some, MSG_DONTWAIT);
	turn_once(&c->w->app.loop);
}

/* Takes a little, again and again, for as long as it can. */
TEST(a_client_that_reads_a_little_at_a_time_is_cut_off)
{
	SETUP(.write_ms = 60, .pace_bytes = 100 << 20);
	int small = 4096;

	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < 100; i++)
		SAY(&c, GET("/big"));
	TURN_UNTIL(&w.app.loop, (take_some(&c), http_server_connections(w.server) == 0));
	TEARDOWN;
}

TEST(a_client_that_does_not_take_a_last_answer_is_cut_off)
{
	SETUP(.write_ms = 40);
	int small = 4096;

	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < 100; i++)
		SAY(&c, GET("/big"));
	SAY(&c, "nonsense\r\n");
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	TEARDOWN;
}

TEST(a_client_that_never_says_anything_is_let_go)
{
	SETUP(.idle_ms = 30, .linger_ms = 10);
	CHECK(client_sees_end(&c));
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	TEARDOWN;
}

TEST(a_trickle_of_a_body_does_not_buy_time)
{
	SETUP(.body_ms = 60);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
	TURN_UNTIL(&w.app.loop, (SAY(&c, "x"), usleep(1000), client_look(&c), c.got.len));
	CHECK_INT(client_answer(&c), 408);
	CHECK_INT(served, 0);
	TEARDOWN;
}

TEST(a_body_that_was_asked_for_must_come)
{
	SETUP(.body_ms = 30);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		"Content-Length: 5\r\n\r\n");
	CHECK_INT(client_answer(&c), 100);
	CHECK_INT(client_answer(&c), 408);
	CHECK(client_sees_end(&c));
	CHECK_INT(served, 0);
	TEARDOWN;
}

static bool refuse(struct task *t, size_t *body_max)
{
	outcome_t said = reply_bytes(t, 200, STR("text/plain"), STR("no"));

	(void)said;
	(void)body_max;
	return false;
}

TEST(a_body_that_is_only_to_be_dropped_must_come_too)
{
	SETUP(.body_ms = 30, .admit = refuse);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
	CHECK_INT(client_answer(&c), 200);
	CHECK(client_sees_end(&c));
	CHECK_INT(c.got.len, 0);
	TEARDOWN;
}

/* A link that went dead is the kernel's to notice. */
TEST(what_is_sent_into_silence_is_given_up)
{
	SETUP(.write_ms = 12345);
	struct conn *server_side;
	unsigned ms = 0;
	socklen_t len = sizeof ms;

	SAY(&c, GET("/"));
	CHECK_INT(client_answer(&c), 200);
	server_side = container_of(w.server->conns.next, struct conn, link);
	CHECK_INT(
		getsockopt(server_side->sock.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &len),
		0);
	CHECK_INT(ms, 12345);
	TEARDOWN;
}

/* ---- too much ---- */

TEST(answers_that_nobody_reads_are_not_piled_up)
{
	SETUP(.idle_ms = 0);
	for (int i = 0; i < 200; i++)
		SAY(&c, GET("/big"));
	turn_for_ms(&w.app.loop, 10);
	struct conn *server_side = container_of(w.server->conns.next, struct conn, link);

	CHECK(conn_waiting(server_side) <= w.server->o.waiting_max + BIG + 1000);
	CHECK(served < 200);
	for (int i = 0; i < 200; i++)
		CHECK_INT(client_answer(&c), 200);
	CHECK_INT(served, 200);
	TEARDOWN;
}

TEST(bodies_have_a_default_limit)
{
	SETUP(.body_max = 10);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"a\r\n0123456789\r\n0\r\n\r\n");
	CHECK_INT(client_answer(&c), 200);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"a\r\n0123456789\r\n1\r\n");
	CHECK_INT(client_answer(&c), 413);
	CHECK(client_sees_end(&c));
	TEARDOWN;
}

TEST(memory_for_requests_is_bounded)
{
	struct client second;
	SETUP(.memory_max = 60000);

	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50001\r\n\r\n");
	client_say(&c, str_span(big, 50000));
	client_open(&second, &w);
	SAY(&second, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50001\r\n\r\n");
	client_say(&second, str_span(big, 50000));
	CHECK_INT(client_answer(&second), 503);
	CHECK(client_has(&second, "Retry-After: 1"));
	SAY(&c, "x");
	CHECK_INT(client_answer(&c), 200);
	client_close(&second);
	TEARDOWN;
}

TEST(who_holds_most_of_the_memory_gives_way)
{
	struct client small;
	SETUP(.memory_max = 60000);

	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 59001\r\n\r\n");
	client_say(&c, str_span(big, 59000));
	TURN_UNTIL(&w.app.loop, w.server->held >= 59000);
	client_open(&small, &w);
	SAY(&small, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000\r\n\r\n");
	client_say(&small, str_span(big, 4000));
	turn_for_ms(&w.app.loop, 20);
	client_say(&small, str_span(big, 4000));
	CHECK_INT(client_answer(&small), 200);
	CHECK_INT(client_answer(&c), 503);
	CHECK(client_sees_end(&c));
	CHECK_INT(w.server->held, 0);
	client_close(&small);
	TEARDOWN;
}

TEST(what_waits_behind_a_request_gives_way_too)
{
	struct client second;
	SETUP(.memory_max = 40000);

	SAY(&c, GET("/wait"));
	TURN_UNTIL(&w.app.loop, held);
	client_say(&c, str_span(big, 35000)); /* whatever it is */
	TURN_UNTIL(&w.app.loop, w.server->held >= 35000);
	client_open(&second, &w);
	SAY(&second, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n");
	client_say(&second, str_span(big, 8000));
	client_sees_end(&c);
	client_say(&second, str_span(big, 1000));
	CHECK_INT(client_answer(&second), 200);
	task_wake(held, ERR_CANCELED);
	CHECK_INT(w.server->held, 0);
	client_close(&second);
	TEARDOWN;
}

TEST(heads_of_requests_that_are_served_are_counted)
{
	struct client second;
	struct buf head = { 0 };
	SETUP(.memory_max = 20000);

	buf_add_str(&head, STR("GET /wait HTTP/1.1\r\nHost: a\r\n"));
	for (int i = 0; i < 3; i++) {
		buf_add_str(&head, STR("X: "));
		for (int j = 0; j < 5000; j++)
			buf_add_char(&head, 'x');
		buf_add_str(&head, STR("\r\n"));
	}
	buf_add_str(&head, STR("\r\n"));
	client_say(&c, buf_str(&head));
	TURN_UNTIL(&w.app.loop, held);
	CHECK_INT(w.server->held, head.len);
	client_open(&second, &w);
	client_say(&second, buf_str(&head));
	CHECK_INT(client_answer(&second), 503);
	client_close(&second);
	client_open(&second, &w);
	SAY(&second, GET("/")); /* small ones always pass */
	CHECK_INT(client_answer(&second), 200);
	task_wake(held, ERR_OK);
	CHECK_INT(client_answer(&c), 200);
	CHECK_INT(w.server->held, 0);
	client_close(&second);
	buf_fini(&head);
	TEARDOWN;
}

TEST(memory_for_answers_that_nobody_reads_is_bounded)
{
	struct client slow[8], reader;
	int small = 4096;
	SETUP(.memory_max = 16 * BIG);

	for (int i = 0; i < 8; i++) {
		client_open(&slow[i], &w);
		setsockopt(slow[i].fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		for (int j = 0; j < 60; j++)
			SAY(&slow[i], GET("/big"));
	}
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) < 9);
	CHECK(w.server->unsent <= 16 * BIG);
	CHECK(http_server_connections(w.server) > 1); /* no more than are needed */
	client_open(&reader, &w);
	SAY(&reader, GET("/big"));
	CHECK_INT(client_answer(&reader), 200);
	client_close(&reader);
	for (int i = 0; i < 8; i++)
		client_close(&slow[i]);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 1);
	CHECK_INT(w.server->unsent, 0);
	TEARDOWN;
}

TEST(memory_for_heads_counts_as_well)
{
	struct buf head = { 0 };
	SETUP(.memory_max = 5000);

	buf_add_str(&head, STR("GET / HTTP/1.1\r\nX: "));
	for (int i = 0; i < 6000; i++)
		buf_add_char(&head, 'x');
	client_say(&c, buf_str(&head));
	CHECK_INT(client_answer(&c), 503);
	CHECK(client_sees_end(&c));
	CHECK_INT(w.server->held, 0);
	buf_fini(&head);
	TEARDOWN;
}

TEST(heads_may_be_limited_further)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "GET /23456789012345678901234567890 HTTP/1.1\r\nHost: a\r\n\r\n", 414 },
		{ "GET /234567890123456 HTTP/1.1\r\nHost: a\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 3456789012345678901234567890\r\n\r\n",
			431 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nA: 34567890123456789012\r\n"
		  "B: 34567890123456789012\r\n\r\n",
			431 },
	};
	SETUP(.head = { .line = 30, .head = 64, .fields = 3 });

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		client_close(&c);
		client_open(&c, &w);
		client_say(&c, str_of(cases[i].text));
		CHECK_INT(client_answer(&c), cases[i].status);
	}
	TEARDOWN;
}

TEST(what_waits_to_be_read_may_be_limited_further)
{
	SETUP(.waiting_max = 1000);
	for (int i = 0; i < 200; i++)
		SAY(&c, GET("/big"));
	turn_for_ms(&w.app.loop, 10);
	CHECK(conn_waiting(container_of(w.server->conns.next, struct conn, link)) <=
		2 * BIG);
	for (int i = 0; i < 200; i++)
		CHECK_INT(client_answer(&c), 200);
	TEARDOWN;
}

TEST(a_connection_serves_so_many_requests)
{
	SETUP(.requests_max = 2);
	SAY(&c, GET("/") GET("/") GET("/"));
	CHECK_INT(client_answer(&c), 200);
	CHECK(!client_has(&c, "Connection: close"));
	CHECK_INT(client_answer(&c), 200);
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	CHECK_INT(served, 2);
	TEARDOWN;
}

TEST(memory_of_refused_bodies_is_given_back)
{
	SETUP(.body_max = 100);
	SAY(&c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"a\r\n0123456789\r\n");
	TURN_UNTIL(&w.app.loop, w.server->held > 0);
	SAY(&c, "b\r\n0123456789X!\r\n");
	CHECK_INT(client_answer(&c), 400);
	CHECK_INT(w.server->held, 0);
	TEARDOWN;
}

/* ---- too many ---- */

static void check_third_is_closed(struct web *w, struct client *first)
{
	struct client second, third;

	client_open(&second, w);
	client_open(&third, w);
	client_sees_end(&third);
	CHECK(third.eof || third.reset);
	SAY(first, GET("/"));
	CHECK_INT(client_answer(first), 200);
	SAY(&second, GET("/"));
	CHECK_INT(client_answer(&second), 200);
	client_close(&second);
	client_close(&third);
}

TEST(connections_are_limited)
{
	SETUP(.connections_max = 2);
	check_third_is_closed(&w, &c);
	TEARDOWN;
}

TEST(connections_of_one_address_are_limited)
{
	SETUP(.per_address_max = 2);
	check_third_is_closed(&w, &c);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 1);
	check_third_is_closed(&w, &c); /* those that left make room */
	TEARDOWN;
}

TEST(new_connections_of_one_address_are_limited)
{
	SETUP(.per_address_rate = 2);
	check_third_is_closed(&w, &c);
	TEARDOWN;
}

/* A client that has its descriptor, and is not connected yet. */
static struct client unconnected(struct web *w)
{
	return (struct client){ .w = w, .fd = socket(AF_INET, SOCK_STREAM, 0) };
}

static void connect_late(struct client *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)http_server_port(c->w->server)) };

	CHECK_INT(connect(c->fd, (struct sockaddr *)&in, sizeof in), 0);
}

/* No descriptor above that of `last` can be had. */
static struct rlimit leave_none(int last)
{
	struct rlimit before, none;

	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = (rlim_t)last + 1;
	setrlimit(RLIMIT_NOFILE, &none);
	return before;
}

TEST(running_out_of_descriptors_turns_away_but_does_not_stop)
{
	struct rlimit before;
	SETUP(.idle_ms = 0);
	struct client late = unconnected(&w);

	before = leave_none(late.fd);
	connect_late(&late);
	client_sees_end(&late);
	SAY(&c, GET("/"));
	CHECK_INT(client_answer(&c), 200);
	setrlimit(RLIMIT_NOFILE, &before);
	client_close(&late);
	client_open(&late, &w);
	SAY(&late, GET("/"));
	CHECK_INT(client_answer(&late), 200);
	client_close(&late);
	TEARDOWN;
}

static void note_fired(struct timer *t)
{
	timer_stop(t);
}

/* How often the loop wakes in that time. */
static unsigned turns_within_ms(struct loop *loop, unsigned ms)
{
	struct timer t;
	unsigned turns = 0;

	timer_open(loop, &t, note_fired);
	timer_start(&t, ms, 0);
	for (; timer_is_running(&t); turns++)
		loop_turn(loop, true);
	timer_close(&t, NULL);
	turn_once(loop);
	return turns;
}

/* Somebody else took the one to spare in the moment that it was free. */
TEST(a_client_that_cannot_be_turned_away_makes_nothing_spin)
{
	struct rlimit before;
	SETUP(.idle_ms = 0);
	struct client late = unconnected(&w);
	int spare = w.server->acceptor.spare;

	w.server->acceptor.spare = -1;
	before = leave_none(late.fd > spare ? late.fd : spare);
	connect_late(&late);
	CHECK(turns_within_ms(&w.app.loop, 300) < 100);
	client_look(&late);
	CHECK(!late.eof && !late.reset);
	setrlimit(RLIMIT_NOFILE, &before);
	SAY(&late, GET("/"));
	CHECK_INT(client_answer(&late), 200);
	close(spare);
	client_close(&late);
	TEARDOWN;
}

TEST(the_last_descriptors_are_not_for_clients)
{
	struct client second;
	SETUP(.idle_ms = 0);

	/* The client's own, then the server's for it: both are the lowest there are. */
	client_open(&second, &w);
	CHECK(!second.eof);
	w.server->acceptor.fd_max = second.fd + 4;
	check_third_is_closed(&w, &c);
	w.server->acceptor.fd_max = 0;
	client_close(&second);
	TEARDOWN;
}

/* ---- draining ---- */

TEST(draining_finishes_what_is_in_hand)
{
	struct client idle;
	SETUP(.linger_ms = 30);

	client_open(&idle, &w);
	SAY(&idle, GET("/"));
	CHECK_INT(client_answer(&idle), 200);
	SAY(&c, GET("/wait"));
	TURN_UNTIL(&w.app.loop, held);
	CHECK_INT(http_server_in_hand(w.server), 1);
	http_server_drain(w.server, true, 30);
	CHECK(client_sees_end(&idle)); /* after its grace, without a reset */
	CHECK_INT(http_server_in_hand(w.server), 1);
	task_wake(held, ERR_OK);
	CHECK_INT(client_answer(&c), 200);
	CHECK(client_has(&c, "Connection: close"));
	CHECK(client_sees_end(&c));
	CHECK_INT(http_server_in_hand(w.server), 0);
	client_close(&idle);
	TEARDOWN;
}

TEST(a_request_during_the_grace_is_served)
{
	SETUP(.linger_ms = 10000);
	http_server_drain(w.server, true, 10000);
	SAY(&c, GET("/"));
	CHECK_INT(client_answer(&c), 200);
	CHECK(client_has(&c, "Connection: close"));
	TEARDOWN;
}
