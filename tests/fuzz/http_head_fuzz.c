// covers: libs/common/http/head.c
// covers: libs/common/http/head_request.c
// covers: libs/common/http/head_response.c
// covers: libs/common/http/octet.c
// covers: libs/common/http/intake.c
// needs: tests/lib/http_feed.c
// needs: tests/lib/fuzz_input.c
/* Request heads and answers' heads, and the bodies between them: what is understood must
 * not depend on how the bytes are cut, must be understood again when it is written anew,
 * and must hold nothing that could be read in two ways. The first byte says how to cut. */
#include <assert.h>

#include "http/octet.h"
#include "tests/lib/fuzz_input.h"
#include "tests/lib/http_feed.h"

#define BODY_MAX 4096

static void check_fields(const struct http_request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];

		assert(h->name.len && octet_span(h->name, OCTET_NAME) == h->name.len);
		assert(octet_span(h->value, OCTET_VALUE) == h->value.len);
		assert(http_header(r, h->name).ptr);
		if (http_is_hop_by_hop(h->name))
			assert(!str_eq_nocase(h->name, STR("Host")));
	}
}

static void write_field(struct buf *out, const struct http_header *h)
{
	buf_add_str(out, h->name);
	buf_add_str(out, STR(": "));
	buf_add_str(out, h->value);
	buf_add_str(out, STR("\r\n"));
}

/* The head in the fewest bytes that say the same. */
static void write_head(struct buf *out, const struct http_request *r)
{
	buf_add_str(out, str_of(http_method_name(r->method)));
	buf_add_char(out, ' ');
	buf_add_str(out, r->target);
	buf_add_str(out, r->http10 ? STR(" HTTP/1.0\r\n") : STR(" HTTP/1.1\r\n"));
	for (size_t i = 0; i < r->header_count; i++)
		write_field(out, &r->headers[i]);
	buf_add_str(out, STR("\r\n"));
}

static bool same_fields(const struct http_request *x, const struct http_request *y)
{
	for (size_t i = 0; i < x->header_count && i < y->header_count; i++) {
		if (!str_eq(x->headers[i].name, y->headers[i].name) ||
			!str_eq(x->headers[i].value, y->headers[i].value))
			return false;
	}
	return x->header_count == y->header_count;
}

static void check_again(const struct head *h, const struct http_request *r)
{
	struct http_header fields[HEAD_FIELDS_MAX];
	struct http_request again = { 0 };
	struct buf text = { 0 };
	struct head_scan scan = { 0 };
	struct head g;
	bool whole;

	write_head(&text, r);
	/* A blank more may be one too many for the limits. */
	if (!head_scan(&scan, buf_str(&text), &whole)) {
		assert(whole && scan.start == 0 && scan.end == text.len);
		assert(!head_request(buf_str(&text), fields, &g, &again));
		assert(again.method == r->method && again.keep_alive == r->keep_alive);
		assert(str_eq(again.path, r->path) && str_eq(again.query, r->query));
		assert(str_eq(again.host, r->host) && same_fields(r, &again));
		assert(g.chunked == h->chunked && g.length == h->length &&
			g.expects_continue == h->expects_continue);
	}
	buf_fini(&text);
}

static void check_request(const struct head *h, const struct http_request *r)
{
	check_fields(r);
	assert(r->path.len && (r->path.ptr[0] == '/' || str_eq(r->path, STR("*"))));
	assert(r->host.len || r->http10);
	assert(!h->chunked || (!h->has_length && !r->http10));
	check_again(h, r);
}

static void check_heads(struct str bytes)
{
	struct http_header fields[HEAD_FIELDS_MAX];
	struct http_request r = { 0 };
	struct head_scan scan = { 0 };
	struct head h;
	bool whole;
	int status;
	size_t count;

	if (head_scan(&scan, bytes, &whole) || !whole)
		return;
	bytes = str_span(bytes.ptr + scan.start, scan.end - scan.start);
	assert(scan.fields <= HEAD_FIELDS_MAX && bytes.len <= HEAD_MAX + 4);
	if (!head_request(bytes, fields, &h, &r))
		check_request(&h, &r);
	if (!head_response(bytes, fields, &h, &status, &count))
		assert(status >= 100 && status <= 599 && count == scan.fields);
}

static void feed(struct http_feed *f, struct str bytes, uint32_t seed)
{
	http_feed_init(f, BODY_MAX);
	while (bytes.len) {
		size_t n = seed ? fuzz_piece(bytes, &seed) : bytes.len;

		http_feed_bytes(f, str_span(bytes.ptr, n));
		bytes = str_from(bytes, n);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	assert(intake_self_test());
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf input = { 0 };
	struct http_feed whole, parts;

	if (size == 0)
		return 0;
	fuzz_input(&input, str_span((const char *)data + 1, size - 1));
	check_heads(buf_str(&input));
	feed(&whole, buf_str(&input), 0);
	feed(&parts, buf_str(&input), 1u + data[0]);
	assert(str_eq(http_feed_end(&whole), http_feed_end(&parts)));
	http_feed_fini(&whole);
	http_feed_fini(&parts);
	buf_fini(&input);
	return 0;
}
