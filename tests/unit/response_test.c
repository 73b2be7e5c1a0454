#include "http/response.h"

#include "tests/lib/test.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* What was made of an answer, as one line. */
struct reading {
	struct response_reader reader;
	struct buf body;
	unsigned heads;
	bool refused;
	size_t used;
};

static void on_head(struct response_reader *r)
{
	container_of(r, struct reading, reader)->heads++;
}

static void on_body(struct response_reader *r, struct str bytes)
{
	buf_add_str(&container_of(r, struct reading, reader)->body, bytes);
}

static void reading_init(struct reading *g, bool head_only)
{
	*g = (struct reading){ .reader.on_head = on_head, .reader.on_body = on_body };
	response_start(&g->reader, head_only);
}

static void reading_fini(struct reading *g)
{
	response_fini(&g->reader);
	buf_fini(&g->body);
}

/* In pieces of `step` bytes, until refused or whole. */
static void feed(struct reading *g, struct str bytes, size_t step)
{
	struct str piece;
	size_t used;

	while (g->used < bytes.len && !g->refused && g->reader.state != RESPONSE_WHOLE) {
		piece = str_from(bytes, g->used);
		if (piece.len > step)
			piece.len = step;
		g->refused = !response_feed(&g->reader, piece, &used);
		g->used += used;
	}
}

static const struct {
	const char *name, *text;
} bad[] = {
	// clang-format off
	{ "not HTTP", "hello\r\n\r\n" },
	{ "lower case", "http/1.1 200 OK\r\n\r\n" },
	{ "HTTP/2", "HTTP/2.0 200 OK\r\n\r\n" },
	{ "HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n" },
	{ "HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n" },
	{ "two digits", "HTTP/1.1 20 OK\r\n\r\n" },
	{ "four digits", "HTTP/1.1 2000 OK\r\n\r\n" },
	{ "status 099", "HTTP/1.1 099 OK\r\n\r\n" },
	{ "status 600", "HTTP/1.1 600 OK\r\n\r\n" },
	{ "status in hex", "HTTP/1.1 2a0 OK\r\n\r\n" },
	{ "two spaces", "HTTP/1.1  200 OK\r\n\r\n" },
	{ "tab", "HTTP/1.1\t200 OK\r\n\r\n" },
	{ "control in reason", "HTTP/1.1 200 O\x01K\r\n\r\n" },
	{ "blank line first", "\r\n" OK "\r\n" },
	{ "bare LF after status", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n" },
	{ "bare LF after field", OK "Content-Length: 0\n\r\n" },
	{ "bare LF ends head", OK "Content-Length: 0\r\n\n" },
	{ "LF CR", "HTTP/1.1 200 OK\n\rContent-Length: 0\n\r\n\r" },
	{ "CR in value", OK "X-A: a\rb\r\n\r\n" },
	{ "CR then header", OK "X-A:\rxContent-Length: 5\r\n\r\n" },
	{ "CR CR ends head", OK "Content-Length: 0\r\n\r\rX" },
	{ "folded", OK "X-A: a\r\n b\r\n\r\n" },
	{ "folded length", OK "Content-Length:\r\n 0\r\n\r\n" },
	{ "space before colon", OK "X-A : a\r\n\r\n" },
	{ "space in name", OK "X A: a\r\n\r\n" },
	{ "no colon", OK "XA\r\n\r\n" },
	{ "no name", OK ": a\r\n\r\n" },
	{ "underscore in name", OK "Content_Length: 0\r\n\r\n" },
	{ "DEL in value", OK "X-A: \x7f\r\n\r\n" },
	{ "two lengths", OK "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" },
	{ "two lengths that differ", OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
	{ "length list", OK "Content-Length: 5, 5\r\n\r\nhello" },
	{ "length +5", OK "Content-Length: +5\r\n\r\nhello" },
	{ "length -5", OK "Content-Length: -5\r\n\r\nhello" },
	{ "length 0x5", OK "Content-Length: 0x5\r\n\r\nhello" },
	{ "length 5.0", OK "Content-Length: 5.0\r\n\r\nhello" },
	{ "empty length", OK "Content-Length:\r\n\r\n" },
	{ "length of 2^63", OK "Content-Length: 9223372036854775808\r\n\r\nhello" },
	{ "length over 2^64", OK "Content-Length: 18446744073709551621\r\n\r\nhello" },
	{ "length and chunked", OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ "chunked and length", OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" },
	{ "gzip, chunked", OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
	{ "chunked twice", OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ "xchunked", OK "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
	{ "empty coding", OK "Transfer-Encoding:\r\n\r\n" },
	{ "chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ "two types", OK "Content-Type: text/html\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n" },
	{ "204 with length", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nab" },
	{ "204 chunked", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ "101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" },
	{ "interim without end", "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\n"
		"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\n" },
	{ "interim with a body", "HTTP/1.1 100 Continue\r\nContent-Length: 40\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi" },
	{ "interim with chunks", "HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi" },
	{ "interim, then garbage", "HTTP/1.1 100 Continue\r\n\r\nbye\r\n\r\n" },
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
	{ "chunk size 0x5", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n" },
	{ "chunk size empty", CHUNKED "\r\nhello\r\n0\r\n\r\n" },
	{ "chunk size with space", CHUNKED "5 \r\nhello\r\n0\r\n\r\n" },
	{ "chunk size +5", CHUNKED "+5\r\nhello\r\n0\r\n\r\n" },
	{ "chunk size of 17 digits", CHUNKED "00000000000000005\r\nhello\r\n0\r\n\r\n" },
	{ "chunk too long", CHUNKED "5\r\nhello!\r\n0\r\n\r\n" },
	{ "chunk too short", CHUNKED "5\r\nhell\r\n0\r\n\r\n" },
	{ "chunk ends in LF", CHUNKED "5\nhello\r\n0\r\n\r\n" },
	{ "chunk data ends in LF", CHUNKED "5\r\nhello\n0\r\n\r\n" },
	{ "nameless extension", CHUNKED "5;=v\r\nhello\r\n0\r\n\r\n" },
	{ "length as trailer", CHUNKED "0\r\nContent-Length: 5\r\n\r\n" },
	{ "folded trailer", CHUNKED "0\r\nX-A: a\r\n b\r\n\r\n" },
	{ "last chunk ends in LF", CHUNKED "0\r\n\n" },
	// clang-format on
};

TEST(what_breaks_http_is_refused_however_it_is_split)
{
	static const size_t steps[] = { SIZE_MAX, 1, 2, 7 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		for (size_t s = 0; s < 4; s++) {
			struct reading g;

			reading_init(&g, false);
			feed(&g, str_of(bad[i].text), steps[s]);
			if (!g.refused)
				test_fail(__FILE__, __LINE__, "taken: %s, step %zu",
					bad[i].name, steps[s]);
			reading_fini(&g);
		}
	}
}

TEST(a_nul_anywhere_in_the_head_is_refused)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n";
	char bytes[sizeof text - 1];

	for (size_t i = 0; i < sizeof bytes; i++) {
		struct reading g;

		memcpy(bytes, text, sizeof bytes);
		bytes[i] = '\0';
		reading_init(&g, false);
		feed(&g, str_span(bytes, sizeof bytes), SIZE_MAX);
		CHECK(g.refused);
		reading_fini(&g);
	}
}

static const struct {
	const char *text;
	bool head_only;
	int status;
	const char *body;
	bool whole; /* without the end of the connection */
	bool reusable;
} good[] = {
	// clang-format off
	{ OK "Content-Length: 5\r\n\r\nhello", false, 200, "hello", true, true },
	{ "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, 200, "", true, true },
	{ OK "content-length:5   \r\n\r\nhello", false, 200, "hello", true, true },
	{ OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello", false, 200, "hello", true, false },
	{ OK "Content-Length: 5\r\nConnection: x, Close\r\n\r\nhello", false, 200, "hello", true, false },
	{ OK "Content-Length: 5\r\nUpgrade: h2c\r\n\r\nhello", false, 200, "hello", true, false },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", false, 200, "hello", true, false },
	{ "HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true, true },
	{ "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", false, 204, "", true, true },
	{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", false, 304, "", true, true },
	{ OK "Content-Length: 99\r\n\r\n", true, 200, "", true, true },
	{ OK "Transfer-Encoding: chunked\r\n\r\n", true, 200, "", true, true },
	{ CHUNKED "5\r\nhello\r\n6;a=b;c=\"d\\\"\"\r\n world\r\n0\r\nX-T: 1\r\n\r\n", false, 200, "hello world", true, true },
	{ CHUNKED "0\r\n\r\n", false, 200, "", true, true },
	{ OK "Transfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", false, 200, "a", true, true },
	{ OK "\r\nall of it", false, 200, "all of it", false, false },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi",
		false, 200, "hi", true, true },
	{ "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi",
		false, 200, "hi", true, true },
	{ "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi", false, 200, "hi", true, true },
	// clang-format on
};

TEST(good_answers_are_read_however_they_are_split)
{
	static const size_t steps[] = { SIZE_MAX, 1, 3 };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		for (size_t s = 0; s < 3; s++) {
			struct reading g;
			struct str text = str_of(good[i].text);

			reading_init(&g, good[i].head_only);
			feed(&g, text, steps[s]);
			if (g.refused || g.used != text.len)
				test_fail(__FILE__, __LINE__, "refused: %s", good[i].text);
			CHECK_INT(g.heads, 1);
			CHECK_INT(g.reader.answer.status, good[i].status);
			CHECK_STR(buf_str(&g.body), str_of(good[i].body));
			CHECK_INT(g.reader.state == RESPONSE_WHOLE, good[i].whole);
			CHECK_INT(g.reader.reusable, good[i].reusable);
			CHECK_INT(response_end(&g.reader), !good[i].whole);
			reading_fini(&g);
		}
	}
}

TEST(what_follows_an_answer_is_left_alone)
{
	struct reading g;

	reading_init(&g, false);
	feed(&g, STR(OK "Content-Length: 2\r\n\r\nhiHTTP/1.1 200"), SIZE_MAX);
	CHECK_INT(g.used, sizeof(OK "Content-Length: 2\r\n\r\nhi") - 1);
	CHECK(g.reader.state == RESPONSE_WHOLE);
	reading_fini(&g);
}

TEST(a_head_larger_than_its_limits_is_refused)
{
	struct buf text = { 0 };
	struct reading g;

	buf_add_str(&text, STR(OK));
	for (int i = 0; i < 101; i++)
		buf_addf(&text, "X-%d: a\r\n", i);
	buf_add_str(&text, STR("\r\n"));
	reading_init(&g, false);
	feed(&g, buf_str(&text), SIZE_MAX);
	CHECK(g.refused);
	reading_fini(&g);

	buf_clear(&text);
	buf_add_str(&text, STR(OK "X-A: "));
	for (int i = 0; i < 9000; i++)
		buf_add_char(&text, 'a');
	reading_init(&g, false);
	feed(&g, buf_str(&text), 100);
	CHECK(g.refused);
	reading_fini(&g);
	buf_fini(&text);
}

TEST(a_reader_is_used_again)
{
	struct reading g;

	reading_init(&g, false);
	for (int i = 0; i < 3; i++) {
		g.used = 0;
		buf_clear(&g.body);
		response_start(&g.reader, false);
		feed(&g,
			STR("HTTP/1.1 103 E\r\n\r\nHTTP/1.1 103 E\r\n\r\n" CHUNKED
			    "5\r\nhello\r\n0\r\n\r\n"),
			4);
		CHECK(!g.refused && g.reader.state == RESPONSE_WHOLE);
		CHECK_STR(buf_str(&g.body), STR("hello"));
	}
	CHECK_INT(g.heads, 3);
	reading_fini(&g);
}

static void on_body_stop(struct response_reader *r, struct str bytes)
{
	on_body(r, bytes);
	r->stopped = true;
}

TEST(a_stopped_reader_tells_nothing_more)
{
	struct reading g;
	size_t used;

	reading_init(&g, false);
	g.reader.on_body = on_body_stop;
	CHECK(response_feed(
		&g.reader, STR(CHUNKED "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), &used));
	CHECK_STR(buf_str(&g.body), STR("a"));
	CHECK(g.reader.state != RESPONSE_WHOLE);
	reading_fini(&g);
}
