// covers: libs/common/http/chunk.c
// needs: tests/lib/http_feed.c
// needs: tests/lib/fuzz_input.c
/* Chunked bodies: the verdict and the body must not depend on how the bytes are cut, what
 * chunk.c takes llhttp must take as well (the feed counts it as a refusal otherwise), and
 * the body must be the one that a simpler reader joins. The first byte says how to cut. */
#include <assert.h>
#include <stdlib.h>

#include "tests/lib/fuzz_input.h"
#include "tests/lib/http_feed.h"

#define BODY_MAX 2000

static const struct str head = STR(
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
static const struct str told = STR(
	"POST / ? host=a\nHost=a\nTransfer-Encoding=chunked\nbody=");

static void feed(struct http_feed *f, struct str bytes, uint32_t seed)
{
	http_feed_init(f, BODY_MAX);
	http_feed_bytes(f, head);
	while (bytes.len) {
		size_t n = seed ? fuzz_piece(bytes, &seed) : bytes.len;

		http_feed_bytes(f, str_span(bytes.ptr, n));
		bytes = str_from(bytes, n);
	}
}

/* What stands between the sizes of a body that is known to be sound. */
static void join(struct str bytes, struct buf *out)
{
	unsigned long size;

	while ((size = strtoul(bytes.ptr, NULL, 16)) > 0) {
		bytes = str_from(bytes, str_find(bytes, '\n') + 1);
		buf_add(out, bytes.ptr, size);
		bytes = str_from(bytes, size + 2);
	}
}

static void check_body(struct http_feed *f, struct str bytes)
{
	struct buf want = { 0 };

	buf_add_str(&want, told);
	join(bytes, &want);
	buf_add_char(&want, '\n');
	assert(f->whole > 0 && str_starts(http_feed_end(f), buf_str(&want)));
	buf_fini(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf input = { 0 };
	struct chunk_check check;
	struct http_feed whole, parts;
	size_t used;

	if (size == 0)
		return 0;
	fuzz_input(&input, str_span((const char *)data + 1, size - 1));
	feed(&whole, buf_str(&input), 0);
	feed(&parts, buf_str(&input), 1u + data[0]);
	assert(str_eq(http_feed_end(&whole), http_feed_end(&parts)));

	chunk_init(&check, BODY_MAX);
	if (!chunk_check(&check, buf_str(&input), &used) && check.state == CHUNK_WHOLE)
		check_body(&whole, str_span(input.ptr, used));
	http_feed_fini(&whole);
	http_feed_fini(&parts);
	buf_fini(&input);
	return 0;
}
