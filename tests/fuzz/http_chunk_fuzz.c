// needs: tests/lib/http_feed.c
/* Chunked bodies: the verdict and the body must not depend on how the bytes are cut, and
 * what chunk.c takes llhttp must take as well (the feed counts it as a refusal otherwise).
 * The first byte says how to cut. */
#include <assert.h>

#include "tests/lib/http_feed.h"

#define BODY_MAX 2000

static const struct str head = STR(
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");

static void feed(struct http_feed *f, struct str bytes, size_t step)
{
	http_feed_init(f, BODY_MAX);
	http_feed_bytes(f, head);
	for (; bytes.len; bytes = str_from(bytes, step))
		http_feed_bytes(f,
			str_span(bytes.ptr, step && step < bytes.len ? step : bytes.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_span((const char *)data + 1, size - 1);
	struct chunk_check check;
	struct http_feed whole, parts;
	size_t used;

	if (size == 0)
		return 0;
	feed(&whole, bytes, size);
	feed(&parts, bytes, 1 + data[0] % 40);
	assert(str_eq(http_feed_end(&whole), http_feed_end(&parts)));

	chunk_init(&check, BODY_MAX);
	if (!chunk_check(&check, bytes, &used) && check.state == CHUNK_WHOLE)
		assert(whole.whole > 0);
	http_feed_fini(&whole);
	http_feed_fini(&parts);
	return 0;
}
