/* Answers in pieces, and answers passed on from elsewhere. */
#include <signal.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "tests/lib/test.h"
#include "tests/lib/web.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define PIECE     32768
#define PIECES    200

static char piece[PIECE];
static unsigned written;
static size_t most_waiting;
static int ended_with;
static struct task *held;
static struct http_done last_done;

static void on_done(struct task *t, const struct http_done *d)
{
	(void)t;
	last_done = *d;
}

/* ---- /pieces: three of them, in three turns ---- */

static outcome_t third(struct task *t, enum err e)
{
	(void)e;
	reply_stream_write(t, STR(""));
	reply_stream_write(t, STR("three"));
	return reply_stream_end(t);
}

static outcome_t second(struct task *t, enum err e)
{
	(void)e;
	reply_stream_write(t, STR("two,"));
	return task_continue(t, ERR_OK, third);
}

static outcome_t pieces(struct task *t)
{
	reply_header(t, STR("X-Accel-Buffering"), STR("no"));
	reply_stream_begin(t, 200, STR("text/event-stream"));
	reply_stream_write(t, STR("one,"));
	return task_continue(t, ERR_OK, second);
}

/* ---- /much: as fast as the client reads ---- */

static outcome_t more(struct task *t, enum err e)
{
	if (e != ERR_OK) {
		ended_with = (int)e;
		return reply_stream_abort(t);
	}
	while (written < PIECES && reply_stream_waiting(t) < 2 * PIECE) {
		reply_stream_write(t, str_span(piece, PIECE));
		written++;
	}
	if (reply_stream_waiting(t) > most_waiting)
		most_waiting = reply_stream_waiting(t);
	if (written < PIECES)
		return reply_stream_drained(t, PIECE, more);
	ended_with = ERR_OK;
	return reply_stream_end(t);
}

static outcome_t much(struct task *t)
{
	reply_stream_begin(t, 200, STR("text/plain"));
	return more(t, ERR_OK);
}

/* ---- /flood: without looking whether the client reads ---- */

static outcome_t flood(struct task *t, enum err e)
{
	(void)e;
	if (written++ == 10000 || t->canceled) {
		ended_with = t->canceled ? ERR_CANCELED : ERR_OK;
		return reply_stream_end(t);
	}
	reply_stream_write(t, str_span(piece, PIECE));
	return task_continue(t, ERR_OK, flood);
}

/* ---- /hold: begun, then woken by the test ---- */

static outcome_t released(struct task *t, enum err e)
{
	held = NULL;
	if (e == ERR_INTERNAL)
		return reply_stream_abort(t);
	reply_stream_write(t, STR("after"));
	return reply_stream_end(t);
}

/* ---- relayed ---- */

static const struct http_header fields[] = {
	{ STR("Content-Type"), STR("application/json") },
	{ STR("Content-Length"), STR("7") },
	{ STR("Date"), STR("Thu, 01 Jan 1970 00:00:00 GMT") },
	{ STR("X-Request-Id"), STR("theirs") },
	{ STR("X-Content-Type-Options"), STR("nosniff") },
	{ STR("Connection"), STR("keep-alive") },
	{ STR("Keep-Alive"), STR("timeout=5") },
	{ STR("Transfer-Encoding"), STR("chunked") },
	{ STR("Proxy-Authenticate"), STR("x") },
	{ STR("Cache-Control"), STR("max-age=5") },
	{ STR("ETag"), STR("\"1\"") },
};
#define FIELDS (sizeof fields / sizeof *fields)

static outcome_t relay(struct task *t, int64_t length, struct str body)
{
	reply_relay_begin(t, 200, fields, FIELDS, length);
	reply_stream_write(t, body);
	return reply_stream_end(t);
}

static outcome_t serve(struct task *t)
{
	struct str path = http_req(t)->path;

	http_on_done(t, on_done);
	if (str_eq(path, STR("/pieces")))
		return pieces(t);
	if (str_eq(path, STR("/much")))
		return much(t);
	if (str_eq(path, STR("/relay")))
		return reply_relay(t, 201, fields, FIELDS, STR("{\"a\":1}"));
	if (str_eq(path, STR("/relay/length")))
		return relay(t, 7, STR("{\"a\":1}"));
	if (str_eq(path, STR("/relay/chunks")))
		return relay(t, -1, STR("{\"a\":1}"));
	if (str_eq(path, STR("/relay/short")))
		return relay(t, 8, STR("{\"a\":1}"));
	if (str_eq(path, STR("/relay/long")))
		return relay(t, 6, STR("{\"a\":1}"));
	if (str_eq(path, STR("/relay/head")))
		return relay(t, 7, STR_NONE);
	if (str_eq(path, STR("/relay/304"))) {
		reply_relay_begin(t, 304, fields, FIELDS, 7);
		return reply_stream_end(t);
	}
	reply_stream_begin(t, 200, STR("text/plain"));
	if (str_eq(path, STR("/flood")))
		return flood(t, ERR_OK);
	reply_stream_write(t, STR("before"));
	held = t;
	return task_wait(t, released);
}

static void setup(struct web *w, struct client *c)
{
	signal(SIGPIPE, SIG_IGN);
	log_least = LOG_ERROR + 1;
	memset(piece, 'x', sizeof piece);
	written = 0;
	most_waiting = 0;
	ended_with = -1;
	held = NULL;
	last_done = (struct http_done){ 0 };
	w->o.serve = serve;
	web_open(w);
	client_open(c, w);
}

#define SETUP                                                                              \
	struct web w = { 0 };                                                              \
	struct client c;                                                                   \
                                                                                           \
	setup(&w, &c)
#define TEARDOWN                                                                           \
	client_close(&c);                                                                  \
	web_close(&w)

/* ---- streams ---- */

TEST(pieces_are_chunks)
{
	SETUP;
	SAY(&c, GET("/pieces") GET("/pieces"));
	for (int i = 0; i < 2; i++) {
		CHECK_INT(client_answer(&c), 200);
		CHECK(client_has(&c, "Transfer-Encoding: chunked"));
		CHECK(client_has(&c, "Content-Type: text/event-stream"));
		CHECK(client_has(&c, "X-Accel-Buffering: no"));
		CHECK(client_has(&c, "Cache-Control: no-store"));
		CHECK_STR(buf_str(&c.body), STR("one,two,three"));
	}
	CHECK_INT(last_done.body_bytes, 13);
	TEARDOWN;
}

TEST(pieces_end_with_the_connection_for_http_1_0)
{
	SETUP;
	SAY(&c, "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CHECK_INT(client_answer(&c), 200);
	CHECK(client_has(&c, "Connection: close"));
	CHECK_STR(buf_str(&c.body), STR("one,two,three"));
	TEARDOWN;
}

TEST(a_head_request_gets_no_pieces)
{
	SETUP;
	SAY(&c, "HEAD /pieces HTTP/1.1\r\nHost: a\r\n\r\n" GET("/pieces"));
	TURN_UNTIL(&w.app.loop, (client_look(&c), last_done.body_bytes == 13));
	client_look(&c);
	CHECK(memmem(c.got.ptr, c.got.len, "\r\n\r\nHTTP/1.1 200", 16) != NULL);
	TEARDOWN;
}

TEST(a_piece_is_sent_when_it_is_written)
{
	SETUP;
	SAY(&c, GET("/hold"));
	TURN_UNTIL(&w.app.loop,
		(client_look(&c), c.got.len && memmem(c.got.ptr, c.got.len, "before", 6)));
	CHECK(held != NULL);
	task_wake(held, ERR_OK);
	CHECK_INT(client_answer(&c), 200);
	CHECK_STR(buf_str(&c.body), STR("beforeafter"));
	TEARDOWN;
}

TEST(a_writer_waits_for_a_slow_reader)
{
	SETUP;
	SAY(&c, GET("/much"));
	turn_for_ms(&w.app.loop, 10);
	CHECK(written < PIECES);
	CHECK_INT(client_answer(&c), 200);
	CHECK_INT(c.body.len, PIECE * PIECES);
	CHECK_INT(ended_with, ERR_OK);
	CHECK(most_waiting < 4 * PIECE);
	TEARDOWN;
}

TEST(a_writer_that_waits_is_told_when_its_reader_leaves)
{
	SETUP;
	SAY(&c, GET("/much"));
	turn_for_ms(&w.app.loop, 10);
	CHECK(written < PIECES);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, ended_with == ERR_CANCELED);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	CHECK_INT(w.server->exchange_count, 0);
	CHECK(last_done.cut);
	TEARDOWN;
}

TEST(a_reader_that_is_flooded_is_cut_off)
{
	SETUP;
	SAY(&c, GET("/flood"));
	TURN_UNTIL(&w.app.loop, ended_with >= 0);
	CHECK_INT(ended_with, ERR_CANCELED);
	CHECK_INT(client_answer(&c), 0); /* never a whole answer */
	CHECK(c.eof || c.reset);
	CHECK(last_done.cut);
	TEARDOWN;
}

TEST(a_broken_off_answer_is_seen_as_cut)
{
	SETUP;
	SAY(&c, GET("/hold"));
	TURN_UNTIL(&w.app.loop, held);
	task_wake(held, ERR_INTERNAL);
	CHECK_INT(client_answer(&c), 0);
	CHECK(memmem(c.got.ptr, c.got.len, "before", 6) != NULL);
	CHECK(last_done.cut);
	TEARDOWN;
}

TEST(a_broken_off_answer_is_a_reset_for_http_1_0)
{
	SETUP;
	SAY(&c, "GET /hold HTTP/1.0\r\n\r\n");
	TURN_UNTIL(&w.app.loop, held);
	task_wake(held, ERR_INTERNAL);
	CHECK(!client_sees_end(&c));
	CHECK(c.reset);
	TEARDOWN;
}

TEST(writing_to_one_who_left_is_harmless)
{
	struct linger none = { .l_onoff = 1 };
	SETUP;

	SAY(&c, GET("/hold"));
	TURN_UNTIL(&w.app.loop, held);
	setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	client_close(&c);
	TURN_UNTIL(&w.app.loop, http_server_connections(w.server) == 0);
	CHECK_INT(reply_stream_waiting(held), 0);
	task_wake(held, ERR_OK);
	CHECK(last_done.cut);
	TEARDOWN;
}

/* ---- relayed answers ---- */

TEST(a_relayed_answer_keeps_its_own_fields)
{
	static const char *const paths[] = { "/relay", "/relay/length", "/relay/chunks" };
	char request[100];
	SETUP;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
			paths[i]);
		client_say(&c, str_of(request));
		CHECK_INT(client_answer(&c), i ? 200 : 201);
		CHECK_STR(buf_str(&c.body), STR("{\"a\":1}"));
		CHECK(client_has(&c, "Content-Type: application/json"));
		CHECK(client_has(&c, "Cache-Control: max-age=5"));
		CHECK(client_has(&c, "ETag: \"1\""));
		CHECK(!client_field(&c, "Connection").ptr &&
			!client_field(&c, "Keep-Alive").ptr);
		CHECK(!client_field(&c, "Proxy-Authenticate").ptr);
		CHECK(!client_has(&c, "X-Request-Id: theirs"));
		CHECK(!memmem(c.head.ptr, c.head.len, "1970", 4));
		CHECK(!memmem(c.head.ptr, c.head.len, "no-store", 8));
	}
	CHECK(client_has(&c, "Transfer-Encoding: chunked"));
	CHECK(!client_field(&c, "Content-Length").ptr);
	TEARDOWN;
}

TEST(a_relayed_answer_that_is_too_short_is_cut)
{
	SETUP;
	SAY(&c, GET("/relay/short"));
	CHECK_INT(client_answer(&c), 0);
	CHECK(last_done.cut);
	TEARDOWN;
}

TEST(a_relayed_answer_that_is_too_long_is_cut)
{
	SETUP;
	SAY(&c, GET("/relay/long"));
	CHECK_INT(client_answer(&c), 0);
	CHECK(last_done.cut);
	TEARDOWN;
}

TEST(a_relayed_head_keeps_its_length)
{
	SETUP;
	SAY(&c, "HEAD /relay/head HTTP/1.1\r\nHost: a\r\n\r\n" GET("/relay/304")
			GET("/pieces"));
	TURN_UNTIL(&w.app.loop, (client_look(&c), last_done.body_bytes == 13));
	client_look(&c);
	CHECK(memmem(c.got.ptr, c.got.len, "\r\nContent-Length: 7\r\n", 21) != NULL);
	CHECK(memmem(c.got.ptr, c.got.len, "\r\n\r\nHTTP/1.1 304 Not Modified\r\n", 31) !=
		NULL);
	CHECK(memmem(c.got.ptr, c.got.len, "\r\n\r\nHTTP/1.1 200", 16) != NULL);
	TEARDOWN;
}
