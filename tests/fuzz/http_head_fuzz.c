// needs: tests/lib/http_feed.c
/* Request heads and answers' heads, and the bodies between them: what is understood must
 * not depend on how the bytes are cut, and what is passed on must hold nothing that could
 * be read in two ways. The first byte says how to cut. */
#include <assert.h>

#include "http/octet.h"
#include "tests/lib/http_feed.h"

#define BODY_MAX 4096

static void check_request(const struct http_request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];

		assert(h->name.len && octet_span(h->name, OCTET_NAME) == h->name.len);
		assert(octet_span(h->value, OCTET_VALUE) == h->value.len);
	}
	assert(r->path.len && (r->path.ptr[0] == '/' || str_eq(r->path, STR("*"))));
	assert(r->host.len || r->http10);
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
		check_request(&r);
	if (!head_response(bytes, fields, &h, &status, &count))
		assert(status >= 100 && status <= 599 && count == scan.fields);
}

static void feed(struct http_feed *f, struct str bytes, unsigned seed)
{
	http_feed_init(f, BODY_MAX);
	while (bytes.len) {
		size_t n = bytes.len;

		if (seed) { /* pieces of 1 to 8 bytes, or of up to 1024 */
			seed = seed * 1103515245 + 12345;
			n = 1 + (seed >> 16) % (seed >> 30 ? 8 : 1024);
		}
		n = n < bytes.len ? n : bytes.len;
		http_feed_bytes(f, str_span(bytes.ptr, n));
		bytes = str_from(bytes, n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_span((const char *)data + 1, size - 1);
	struct http_feed whole, parts;

	if (size == 0)
		return 0;
	check_heads(bytes);
	feed(&whole, bytes, 0);
	feed(&parts, bytes, 1u + data[0]);
	assert(str_eq(http_feed_end(&whole), http_feed_end(&parts)));
	http_feed_fini(&whole);
	http_feed_fini(&parts);
	return 0;
}
