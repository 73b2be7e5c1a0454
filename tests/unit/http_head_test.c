/* Every row of security-requirements 1.1 and the rules of 1.2 that need no connection: each
 * input is fed whole, byte by byte and in random pieces, and the verdict must be the same.
 */
#include <stdio.h>

#include "base/id.h"
#include "tests/lib/http_feed.h"
#include "tests/lib/test.h"

#define ACCEPTED   0
#define INCOMPLETE 1

#define BODY_MAX 1000

static int verdict_of(struct http_feed *f)
{
	struct str told = http_feed_end(f);

	if (f->refused)
		return f->refused;
	return str_ends(told, STR("more\n")) ? INCOMPLETE : ACCEPTED;
}

/* `pieces`: greatest size of a piece; 0: all at once. */
static int feed_in(struct http_feed *f, struct str bytes, uint64_t pieces)
{
	http_feed_init(f, BODY_MAX);
	while (bytes.len) {
		uint64_t n = pieces ? 1 + random_below(pieces) : bytes.len;

		if (n > bytes.len)
			n = bytes.len;
		http_feed_bytes(f, str_span(bytes.ptr, n));
		bytes = str_from(bytes, n);
	}
	return verdict_of(f);
}

static void check_at(int line, struct str bytes, int want, struct str told)
{
	struct http_feed whole, parts;
	int got = feed_in(&whole, bytes, 0);

	if (got != want)
		test_fail(__FILE__, line, "verdict %d (%s), not %d", got,
			whole.why ? whole.why : "", want);
	if (told.ptr && !str_eq(buf_str(&whole.told), told))
		test_fail(__FILE__, line, "understood \"%.*s\"",
			STR_ARG(buf_str(&whole.told)));
	for (int round = 0; round < 8; round++) {
		/* One byte at a time, then pieces of up to 1, 3, 7, ... bytes. */
		uint64_t most = round == 0 ? 1 : (2ull << round) - 1;

		feed_in(&parts, bytes, most);
		if (!str_eq(buf_str(&parts.told), buf_str(&whole.told)))
			test_fail(__FILE__, line, "in pieces \"%.*s\", whole \"%.*s\"",
				STR_ARG(buf_str(&parts.told)),
				STR_ARG(buf_str(&whole.told)));
		http_feed_fini(&parts);
	}
	http_feed_fini(&whole);
}

#define REFUSED(status, bytes) check_at(__LINE__, STR(bytes), (status), STR_NONE)
#define TAKEN(bytes, told)     check_at(__LINE__, STR(bytes), ACCEPTED, STR(told))

/* One field, or several with their own CR LF between them, in an otherwise good request. */
#define FIELD(status, field)                                                               \
	REFUSED(status, "POST / HTTP/1.1\r\nHost: a\r\n" field "\r\n\r\n")
#define LINE(status, line)   REFUSED(status, line "\r\nHost: a\r\n\r\n")
#define CHUNKED              "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKS(status, body) check_chunks_at(__LINE__, STR(CHUNKED), STR(body), status)

/* What chunk.c says by itself, without llhttp behind it. */
static int chunk_verdict(struct str body, size_t step)
{
	struct chunk_check check;
	const struct refusal *no = NULL;
	size_t used;

	chunk_init(&check, BODY_MAX);
	for (; body.len && !no; body = str_from(body, step))
		no = chunk_check(&check,
			str_span(body.ptr, step < body.len ? step : body.len), &used);
	return no ? no->status : check.state == CHUNK_WHOLE ? ACCEPTED : INCOMPLETE;
}

static void check_chunks_at(int line, struct str head, struct str body, int want)
{
	struct buf all = { 0 };
	static const size_t steps[] = { SIZE_MAX, 1, 2, 3 };

	buf_add_str(&all, head);
	buf_add_str(&all, body);
	check_at(line, buf_str(&all), want, STR_NONE);
	buf_fini(&all);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int got = chunk_verdict(body, steps[i]);

		if (got != want)
			test_fail(__FILE__, line, "chunk.c: %d, not %d, in steps of %zu",
				got, want, steps[i]);
	}
}

TEST(plain_requests_are_understood)
{
	TAKEN("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ? host=a\nHost=a\nbody=\n");
	TAKEN("GET /a/b?c=d&e HTTP/1.1\r\nhost: A.example:80\r\n\r\n",
		"GET /a/b ?c=d&e host=A.example:80\nhost=A.example:80\nbody=\n");
	TAKEN("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST /x ? host=a\nHost=a\nContent-Length=5\nbody=hello\n");
	TAKEN("GET / HTTP/1.0\r\n\r\n", "GET / ? host=\nbody=\n");
	TAKEN("GET / HTTP/1.1\r\nHost:a\r\nX:\r\nY: \t b c\t \r\n\r\n",
		"GET / ? host=a\nHost=a\nX=\nY=b c\nbody=\n");
	TAKEN("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * ? host=a\nHost=a\nbody=\n");
	TAKEN("GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff\r\n\r\n",
		"GET / ? host=a\nHost=a\nX=\x80\xff\nbody=\n");
	TAKEN("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / ? host=a\nHost=a\nbody=\n");
}

TEST(requests_follow_one_another)
{
	TAKEN("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\n"
	      "Content-Length: 2\r\n\r\nhi\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /1 ? host=a\nHost=a\nbody=\nPOST /2 ? "
		"host=a\nHost=a\nContent-Length=2\n"
		"body=hi\nGET /3 ? host=a\nHost=a\nbody=\n");
}

TEST(cut_off_requests_wait_for_more)
{
	REFUSED(INCOMPLETE, "GET / HTTP/1.1\r\nHost: a\r\n");
	REFUSED(INCOMPLETE, "GET / HTTP/1.1\r\nHost: a\r\n\r");
	REFUSED(INCOMPLETE, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
	CHUNKS(INCOMPLETE, "5\r\nhello\r\n0\r\n\r");
}

TEST(line_ends_are_cr_lf_and_nothing_else)
{
	FIELD(400, "X-Abc:\rxTransfer-Encoding: chunked"); /* CVE-2023-30589 */
	FIELD(400, "X-Abc:\rxContent-Length: 5");
	REFUSED(400,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\rXGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\rX"); /* CVE-2025-23167 */
	REFUSED(400, "GET / HTTP/1.1\n\rHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\nHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\n");
	REFUSED(400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	FIELD(400, "X: a\rb");
	FIELD(400, "X: a\r\r\nY: b");
}

TEST(fields_are_not_folded)
{
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n Content-Length: 5\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n .evil\r\n\r\n");
	FIELD(400, "Content-Length:\r\n 5");
	FIELD(400, "Transfer-Encoding:\r\n chunked");
	FIELD(400, "X: a\r\n\tb");
	REFUSED(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
}

TEST(field_names_are_tokens_without_underscore)
{
	FIELD(400, "X : y");
	FIELD(400, "X Y: z");
	FIELD(400, ": y");
	FIELD(400, "no colon");
	FIELD(400, "Transfer_Encoding: chunked");
	FIELD(400, "X_Y: z");
	FIELD(400, "X\x80: z");
	FIELD(400, "X(: z");
}

TEST(field_values_have_no_control_characters)
{
	FIELD(400, "X: a\0b");
	FIELD(400, "X: a\x01");
	FIELD(400, "X: a\x7f");
	FIELD(400, "X: a\x0b");
	FIELD(400, "X: a\x0c");
}

TEST(request_lines_have_three_parts_and_two_spaces)
{
	LINE(400, "GET /");
	LINE(400, "GET  / HTTP/1.1");
	LINE(400, "GET /  HTTP/1.1");
	LINE(400, "GET / HTTP/1.1 ");
	LINE(400, "GET\t/ HTTP/1.1");
	LINE(400, " GET / HTTP/1.1");
	LINE(400, "GET HTTP/1.1");
	LINE(400, "/ HTTP/1.1");
	LINE(400, "GET / HTTP/1.10");
	LINE(400, "GET / HTTP/1");
	LINE(400, "GET / http/1.1");
	LINE(400, "GET / ICE/1.0");
	LINE(400, "DESCRIBE rtsp://a/ RTSP/1.0");
	LINE(400, "GET / HTTP/1,1");
	LINE(400, "GET / HTTP//.1");
	LINE(400, "GET / HTTP/:.1");
	LINE(400, "GET / HTTP/1./");
	LINE(400, "GET / HTTP/1.:");
	LINE(400, "GET / HTTP/1.1 HTTP/1.1");
	LINE(505, "GET / HTTP/9.9");
	LINE(505, "GET / HTTP/0.0");
	LINE(505, "GET / HTTP/1.2");
	LINE(505, "GET / HTTP/0.9");
	LINE(505, "GET / HTTP/2.0");
	REFUSED(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

TEST(methods_are_ours_or_refused)
{
	LINE(400, "get / HTTP/1.1");
	LINE(400, "G@T / HTTP/1.1");
	LINE(405, "TRACE / HTTP/1.1");
	LINE(405, "CONNECT a:80 HTTP/1.1");
	LINE(501, "SOURCE / HTTP/1.1");
	LINE(501, "PROPFIND / HTTP/1.1");
	LINE(501, "M-SEARCH / HTTP/1.1");
	LINE(501, "FROB / HTTP/1.1");
	LINE(501, "ACL / HTTP/1.1");
	LINE(501, "Z / HTTP/1.1");
	LINE(501, "ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1");
	LINE(400, "ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1");
	LINE(400, "GET1 / HTTP/1.1");
	LINE(400, "GET_ / HTTP/1.1");
}

TEST(targets_are_printable_and_have_no_fragment)
{
	LINE(400, "GET /\ta HTTP/1.1");
	LINE(400, "GET /\x0c HTTP/1.1");
	LINE(400, "GET /\xc3\xa9 HTTP/1.1");
	LINE(400, "GET /a#b HTTP/1.1");
	LINE(400, "GET /?a#b HTTP/1.1");
	LINE(400, "GET /?\x7f HTTP/1.1");
	LINE(400, "GET /?\xff HTTP/1.1");
	LINE(400, "GET /?<a> HTTP/1.1");
	TAKEN("GET /?a=%2f[] HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / ?a=%2f[] host=a\nHost=a\nbody=\n");
	LINE(400, "GET * HTTP/1.1");
	LINE(400, "GET a HTTP/1.1");
	LINE(400, "GET ?a HTTP/1.1");
	LINE(400, "GET //evil HTTP/1.1");
	LINE(400, "GET /a%2f..%2fb HTTP/1.1");
	LINE(400, "GET /%00 HTTP/1.1");
	LINE(400, "GET /%zz HTTP/1.1");
	LINE(400, "GET /a\\b HTTP/1.1");
	TAKEN("GET /a/../b%41 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /bA ? host=a\nHost=a\nbody=\n");
}

TEST(absolute_targets_replace_the_host)
{
	TAKEN("GET http://other:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /x ?y host=other:81\nHost=a\nbody=\n");
	TAKEN("GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / ? host=b\nHost=a\nbody=\n");
	TAKEN("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / ?q host=b\nHost=a\nbody=\n");
	LINE(400, "GET http://u@b/ HTTP/1.1");
	LINE(400, "GET http:///x HTTP/1.1");
	LINE(400, "GET http:/x HTTP/1.1");
	LINE(400, "GET file:///etc/passwd HTTP/1.1");
	LINE(400, "GET ftp://a/ HTTP/1.1");
	LINE(400, "GET http://a b/ HTTP/1.1");
}

TEST(there_is_exactly_one_good_host)
{
	REFUSED(400, "GET / HTTP/1.1\r\n\r\n");
	REFUSED(400, "GET http://a/ HTTP/1.1\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
	REFUSED(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
#define HOST(status, host) REFUSED(status, "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n")
	HOST(400, "");
	HOST(400, "a b");
	HOST(400, "u@a");
	HOST(400, "a/b");
	HOST(400, "a, b");
	HOST(400, "a:b");
	HOST(400, "a:");
	HOST(400, "a:65536");
	HOST(400, "a:000080");
	HOST(400, ":80");
	HOST(400, "[::1");
	HOST(400, "[::g]");
	HOST(400, "[]");
	HOST(400, "[::1]x");
	HOST(400, "a%41");
	HOST(400, "a~b");
	HOST(400, "a.:b");
	HOST(400, "[0000:0000:0000:0000:0000:0000:255.255.255.2555]");
	HOST(400, "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]");
	HOST(ACCEPTED, "[0000:0000:0000:0000:0000:0000:255.255.255.255]");
	HOST(ACCEPTED, "a:0");
	HOST(ACCEPTED, "[::1]:8000");
	HOST(ACCEPTED, "127.0.0.1");
	HOST(ACCEPTED, "my_service-1.example:65535");
}

TEST(long_hosts_are_refused)
{
	char request[400];
	char name[257];

	memset(name, 'a', sizeof name);
	for (int len = 255; len <= 256; len++) {
		int n = snprintf(request, sizeof request,
			"GET / HTTP/1.1\r\nHost: %.*s\r\n\r\n", len, name);

		check_at(__LINE__, str_span(request, (size_t)n),
			len == 255 ? ACCEPTED : 400, STR_NONE);
	}
}

TEST(transfer_encoding_is_chunked_alone)
{
	FIELD(501, "Transfer-Encoding: identity, chunked");
	FIELD(501, "Transfer-Encoding: gzip, chunked");
	FIELD(501, "Transfer-Encoding: gzip");
	FIELD(501, "Transfer-Encoding: xchunked");
	FIELD(400, "Transfer-Encoding: ,chunked");
	FIELD(400, "Transfer-Encoding: chunked,");
	FIELD(400, "Transfer-Encoding: chunked, identity");
	FIELD(400, "Transfer-Encoding: chunked, chunked");
	FIELD(400, "Transfer-Encoding: \"chunked\"");
	FIELD(400, "Transfer-Encoding: chunked;q=1");
	FIELD(400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked");
	FIELD(400, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked");
	FIELD(400, "Transfer-Encoding:");
	FIELD(400, "Transfer-Encoding:\r\nContent-Length: 5");
	FIELD(400, "Transfer-Encoding: chunked\r\nContent-Length: 5");
	FIELD(400, "Content-Length: 5\r\nTransfer-Encoding: chunked");
	FIELD(400, "Content-Length: 5\r\nTransfer-Encoding: gzip");
	REFUSED(400,
		"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: "
		"chunked\r\n\r\n0\r\n\r\n");
}

TEST(content_length_is_one_number)
{
	FIELD(400, "Content-Length: 5\r\nContent-Length: 5");
	FIELD(400, "Content-Length: 5\r\nContent-Length: 6");
	FIELD(400, "Content-Length: 5, 5");
	FIELD(400, "Content-Length: +5");
	FIELD(400, "Content-Length: -5");
	FIELD(400, "Content-Length: 0x5");
	FIELD(400, "Content-Length: 5.0");
	FIELD(400, "Content-Length: 1_0");
	FIELD(400, "Content-Length: 5;x");
	FIELD(400, "Content-Length: 5 5");
	FIELD(400, "Content-Length:");
	FIELD(400, "Content-Length: 18446744073709551621");
	FIELD(400, "Content-Length: 00000000000000000005");
	FIELD(413, "Content-Length: 18446744073709551615");
	FIELD(413, "Content-Length: 9223372036854775808");
	FIELD(413, "Content-Length: 1001");
	FIELD(INCOMPLETE, "Content-Length: 1000");
	FIELD(INCOMPLETE, "Content-Length: 0000000000000000005");
	FIELD(ACCEPTED, "Content-Length: 0000");
}

TEST(some_fields_are_given_once)
{
	FIELD(400, "Authorization: a\r\nAuthorization: a");
	FIELD(400, "Content-Type: a/b\r\ncontent-type: a/b");
	FIELD(400, "Idempotency-Key: a\r\nIdempotency-Key: b");
	FIELD(400, "Stripe-Signature: a\r\nX: y\r\nstripe-signature: b");
	FIELD(ACCEPTED, "Accept: a/b\r\nAccept: a/b");
	FIELD(ACCEPTED, "Cookie: a\r\nCookie: b");
}

TEST(expectations_are_100_continue_or_refused)
{
	FIELD(417, "Expect: 200-ok");
	FIELD(417, "Expect: 100-continue, x");
	FIELD(417, "Expect: 100-continue\r\nExpect: 100-continue");
	FIELD(417, "Expect:");
	FIELD(ACCEPTED, "expect: 100-Continue");
	REFUSED(ACCEPTED, "GET / HTTP/1.0\r\nExpect: x\r\n\r\n");
}

TEST(upgrades_are_ordinary_requests)
{
	TAKEN("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n"
	      "Content-Length: 2\r\n\r\nhi",
		"POST / ? host=a\nHost=a\nConnection=Upgrade\nUpgrade=x\nContent-Length=2\n"
		"body=hi\n");
	TAKEN("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
	      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP\r\n\r\n",
		"GET / ? host=a\nHost=a\nConnection=Upgrade, HTTP2-Settings\nUpgrade=h2c\n"
		"HTTP2-Settings=AAMAAABkAAQAAP\nbody=\n");
}

/* ---- chunked bodies ---- */

#define CHUNKED_TOLD "POST / ? host=a\nHost=a\nTransfer-Encoding=chunked\nbody="
#define CHUNKS_TAKEN(body, told)                                                           \
	TAKEN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" body,     \
		CHUNKED_TOLD told "\n")

TEST(chunked_bodies_are_joined)
{
	CHUNKS_TAKEN("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world");
	CHUNKS_TAKEN("0\r\n\r\n", "");
	CHUNKS_TAKEN("0000A\r\n0123456789\r\n000\r\n\r\n", "0123456789");
	CHUNKS_TAKEN("1;a\r\nx\r\n1;b=c;d=\"e \\\" f\"\r\ny\r\n0;z\r\n\r\n", "xy");
	CHUNKS_TAKEN("2\r\n\r\n\r\n0\r\n\r\n", "\r\n");
	TAKEN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED \r\n\r\n0\r\n\r\n",
		"POST / ? host=a\nHost=a\nTransfer-Encoding=CHUNKED\nbody=\n");
}

TEST(trailers_are_dropped_or_refused)
{
	CHUNKS_TAKEN("1\r\nx\r\n0\r\nX-Checksum: 1\r\nY:\r\n\r\n", "x");
	CHUNKS(400, "0\r\nContent-Length: 5\r\n\r\n");
	CHUNKS(400, "0\r\nHost: a\r\n\r\n");
	CHUNKS(400, "0\r\ntransfer-encoding: chunked\r\n\r\n");
	CHUNKS(400, "0\r\nX: y\r\nAuthorization: a\r\n\r\n");
	CHUNKS(400, "0\r\nCookie: a\r\n\r\n");
	CHUNKS(400, "0\r\nTrailer: a\r\n\r\n");
	CHUNKS(400, "0\r\nX: a\r\n b\r\n\r\n");
	CHUNKS(400, "0\r\n\n");
	CHUNKS(400, "0\r\nX: a\n\r\n");
	CHUNKS(400, "0\r\nX_Y: a\r\n\r\n");
	CHUNKS(400, "0\r\nX : a\r\n\r\n");
	CHUNKS(400, "0\r\n: a\r\n\r\n");
	CHUNKS(400, "0\r\nX: \x01\r\n\r\n");
	CHUNKS(400, "0\r\n\rX");
	CHUNKS(400, "0\r\nX: a\rb\r\n\r\n");
	CHUNKS(400, "0\r\nTrailers_: a\r\n\r\n");
	CHUNKS(ACCEPTED, "0\r\nTransfer-Encodings: a\r\nHosts: b\r\n\r\n");
	CHUNKS(ACCEPTED, "0\r\nX-Transfer-Encoding-And-Much-More: a\r\n\r\n");
}

TEST(chunk_lines_are_strict)
{
	CHUNKS(400, "5\r\nhelloXX0\r\n\r\n");
	CHUNKS(400, "5\r\nhello\n0\r\n\r\n");
	CHUNKS(400, "5\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5\rhello");
	CHUNKS(400, "0x5\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "+5\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, " 5\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5 \r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "g\r\n");
	CHUNKS(400, "5h\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, ";a\r\n");
	CHUNKS(400, "5\r\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5\r\nhello\rX0\r\n\r\n");
	CHUNKS(400, "5;a;=b\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=b;\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=b;c=\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=b\"c\"\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=\"\\\x01\"\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=\"\"\"\"\r\nhello\r\n0\r\n\r\n");
	CHUNKS(ACCEPTED, "5;a_b=c_d\r\nhello\r\n0\r\n\r\n");
	CHUNKS(ACCEPTED, "5;a=\"\\\\\"\r\nhello\r\n0\r\n\r\n");
	CHUNKS(ACCEPTED, "5;a=\"\"\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;=v\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a b\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "5;a\rb\r\nhello\r\n0\r\n\r\n");
	CHUNKS(400, "00000000000000005\r\nhello\r\n0\r\n\r\n"); /* 17 digits */
	CHUNKS(400, "0000000000000000000000005\r\nhello\r\n0\r\n\r\n");
	CHUNKS(413, "ffffffffffffffff\r\n");
	CHUNKS(413, "3e9\r\n");
	CHUNKS(INCOMPLETE, "3e8\r\n");
	CHUNKS(413, "ffffffffffffff\r\n");
	CHUNKS(413, "1\r\nx\r\n3e8\r\n");
	CHUNKS(ACCEPTED, "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n");
}

/* ---- limits ---- */

static void fill(struct buf *b, char c, size_t n)
{
	memset(buf_reserve(b, n), c, n);
	b->len += n;
}

static void check_built(int line, struct buf *b, int want)
{
	check_at(line, buf_str(b), want, STR_NONE);
	buf_fini(b);
}

/* "GET /aaa HTTP/1.1" of len bytes. */
static void check_line_of(int line, size_t len, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("GET /"));
	fill(&b, 'a', len - 14);
	buf_add_str(&b, STR(" HTTP/1.1\r\nHost: a\r\n\r\n"));
	check_built(line, &b, want);
}

static void check_field_of(int line, size_t len, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("GET / HTTP/1.1\r\nHost: a\r\nX:"));
	fill(&b, 'a', len - 2);
	buf_add_str(&b, STR("\r\n\r\n"));
	check_built(line, &b, want);
}

static void check_fields(int line, unsigned count, size_t len, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("GET / HTTP/1.1\r\nHost: a\r\n"));
	for (unsigned i = 1; i < count; i++) {
		buf_add_str(&b, STR("X:"));
		fill(&b, 'a', len - 2);
		buf_add_str(&b, STR("\r\n"));
	}
	buf_add_str(&b, STR("\r\n"));
	check_built(line, &b, want);
}

/* A head of len bytes, up to the line ends of its last field; before it the bytes of
 * `before`, which do not count. */
static void check_head_of(int line, struct str before, size_t len, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b, before);
	buf_add_str(&b, STR("GET / HTTP/1.1\r\nHost: a\r\n"));
	len += before.len;
	while (b.len < len - 8000) {
		buf_add_str(&b, STR("X:"));
		fill(&b, 'a', 4000);
		buf_add_str(&b, STR("\r\n"));
	}
	buf_add_str(&b, STR("X:"));
	fill(&b, 'a', len - b.len);
	buf_add_str(&b, STR("\r\n\r\n"));
	check_built(line, &b, want);
}

TEST(heads_are_limited)
{
	check_head_of(__LINE__, STR_NONE, 32768, ACCEPTED);
	check_head_of(__LINE__, STR_NONE, 32769, 431);
	check_head_of(__LINE__, STR("\r\n\r\n"), 32768, ACCEPTED);
	check_head_of(__LINE__, STR("\r\n\r\n"), 32769, 431);
	check_line_of(__LINE__, 8192, ACCEPTED);
	check_line_of(__LINE__, 8193, 414);
	check_line_of(__LINE__, 100000, 414);
	check_field_of(__LINE__, 8192, ACCEPTED);
	check_field_of(__LINE__, 8193, 431);
	check_field_of(__LINE__, 100000, 431);
	check_fields(__LINE__, 100, 10, ACCEPTED);
	check_fields(__LINE__, 101, 10, 431);
	check_fields(__LINE__, 2000, 10, 431);
	check_fields(__LINE__, 32, 1000, ACCEPTED);
	check_fields(__LINE__, 34, 1000, 431);
}

TEST(an_endless_line_is_refused_before_it_ends)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("GET /"));
	fill(&b, 'a', 8188);
	check_built(__LINE__, &b, 414);
	buf_add_str(&b, STR("GET / HTTP/1.1\r\nX: "));
	fill(&b, 'a', 8190);
	check_built(__LINE__, &b, 431);
}

TEST(blank_lines_before_a_request_are_limited)
{
	REFUSED(400, "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSED(INCOMPLETE, "\r\n\r\n");
	REFUSED(400, "\r\n\r\n\r");
	REFUSED(400, "\x16\x03\x01\x02"); /* the beginning of TLS */
}

static void check_chunk_line(int line, size_t len, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b,
		STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"));
	fill(&b, 'e', len - 2);
	buf_add_str(&b, STR("\r\nx\r\n0\r\n\r\n"));
	check_built(line, &b, want);
}

TEST(chunk_lines_are_limited)
{
	check_chunk_line(__LINE__, 256, ACCEPTED);
	check_chunk_line(__LINE__, 257, 400);
	check_chunk_line(__LINE__, 20000, 400);
}

static void check_chunks(int line, unsigned count, const char *chunk, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b,
		STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
	for (unsigned i = 0; i < count; i++)
		buf_add_str(&b, str_of(chunk));
	buf_add_str(&b, STR("0\r\n\r\n"));
	check_built(line, &b, want);
}

TEST(all_extensions_together_are_limited)
{
	/* 20 bytes each after the semicolon */
	check_chunks(__LINE__, 204, "1;eeeeeeeeeeeeeeeeeee\r\nx\r\n", ACCEPTED);
	check_chunks(__LINE__, 205, "1;eeeeeeeeeeeeeeeeeee\r\nx\r\n", 400);
}

TEST(all_chunks_together_are_limited)
{
	check_chunks(__LINE__, 1000, "1\r\nx\r\n", ACCEPTED);
	check_chunks(__LINE__, 1001, "1\r\nx\r\n", 413);
}

static void check_trailers(int line, size_t len, int want)
{
	struct buf b = { 0 };

	buf_add_str(&b, STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
			    "chunked\r\n\r\n0\r\nX:"));
	fill(&b, 'a', len - 6); /* with its own CR LF and the last one */
	buf_add_str(&b, STR("\r\n\r\n"));
	check_built(line, &b, want);
}

TEST(trailers_are_limited)
{
	check_trailers(__LINE__, 8192, ACCEPTED);
	check_trailers(__LINE__, 8193, 431);
}

TEST(nothing_after_a_refusal_is_read)
{
	check_at(__LINE__,
		STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
		    "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"),
		400, STR("GET /1 ? host=a\nHost=a\nbody=\nrefused 400\n"));
}

TEST(connections_are_kept_as_asked)
{
	static const struct {
		struct str bytes;
		bool kept;
	} cases[] = {
		{ STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), true },
		{ STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), false },
		{ STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n"), false },
		{ STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close"
		      "\r\n\r\n"),
			false },
		{ STR("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n"), false },
		{ STR("GET / HTTP/1.1\r\nHost: a\r\nX: close\r\n\r\n"), true },
		{ STR("GET / HTTP/1.0\r\n\r\n"), false },
		{ STR("GET / HTTP/1.0\r\nConnection: x\r\n\r\n"), false },
		{ STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), true },
		{ STR("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"), false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_header fields[HEAD_FIELDS_MAX];
		struct http_request r = { 0 };
		struct head h;

		CHECK(head_request(cases[i].bytes, fields, &h, &r) == NULL);
		CHECK_INT(r.keep_alive, cases[i].kept);
	}
}

TEST(answers_are_read_as_strictly)
{
	static const struct {
		struct str bytes;
		int status; /* 0: refused */
	} cases[] = {
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), 200 },
		{ STR("HTTP/1.0 404 Not Found\r\n\r\n"), 404 },
		{ STR("HTTP/1.1 503 \r\nX: y\r\n\r\n"), 503 },
		{ STR("HTTP/1.1 204\r\n\r\n"), 204 },
		{ STR("HTTP/1.1  200 OK\r\n\r\n"), 0 },
		{ STR("HTTP/2.0 200 OK\r\n\r\n"), 0 },
		{ STR("HTTP/1.1 2000 OK\r\n\r\n"), 0 },
		{ STR("HTTP/1.1 099 OK\r\n\r\n"), 0 },
		{ STR("HTTP/1.1 20x OK\r\n\r\n"), 0 },
		{ STR("HTTP/1.1 200 \x01\r\n\r\n"), 0 },
		{ STR("HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n"), 0 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
			0 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
		      "\r\n\r\n"),
			0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_header fields[HEAD_FIELDS_MAX];
		struct head h;
		size_t count;
		int status = 0;
		bool good = !head_response(cases[i].bytes, fields, &h, &status, &count);

		CHECK_INT(good ? status : 0, cases[i].status);
	}
}

TEST(line_ends_are_refused_before_anything_is_parsed)
{
	static const struct str bad[] = {
		STR("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"),
		STR("GET / HTTP/1.1\r\nX: a\nb\r\n\r\n"),
		STR("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"),
		STR("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n"),
		STR("GET / HTTP/1.1\r\nX: a\r\n\rX"),
		STR("GET / HTTP/1.1\r\nX: a\r\n\n"),
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct head_scan scan = { 0 };
		bool whole;

		CHECK(head_scan(&scan, bad[i], &whole) != NULL && !whole);
	}
}

TEST(what_the_parser_reads_otherwise_is_refused)
{
	/* Sound for us and by RFC 9110; llhttp 9.2 does not take a tab after a number. */
	FIELD(400, "Content-Length: 0\t");
	FIELD(ACCEPTED, "Content-Length:\t0 ");
}

TEST(the_parser_is_a_strict_one)
{
	CHECK(intake_self_test());
}
