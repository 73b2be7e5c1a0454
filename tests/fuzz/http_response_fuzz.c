// covers: libs/common/http/response.c
// needs: tests/lib/fuzz_input.c
/* Answers of our services: what is understood must not depend on how the bytes are cut, and
 * nothing is told to who has heard enough. The first byte says how to cut, whether the
 * request was HEAD, and whether the first piece of the body is enough. */
#include <assert.h>
#include <stdlib.h>

#include "http/response.h"
#include "tests/lib/fuzz_input.h"

struct reading {
	struct response_reader reader;
	struct buf body;
	struct buf heads; /* status and fields of each */
	bool refused, enough, stops;
};

static void on_head(struct response_reader *r)
{
	struct reading *g = container_of(r, struct reading, reader);

	assert(http_status_text(r->answer.status) && !g->heads.len);
	buf_add_i64(&g->heads, r->answer.status);
	buf_add_i64(&g->heads, r->answer.length);
	for (size_t i = 0; i < r->answer.header_count; i++) {
		const struct http_header *h = &r->answer.headers[i];

		assert(h->name.len && !memchr(h->name.ptr, ':', h->name.len));
		assert(!h->value.len || !memchr(h->value.ptr, '\r', h->value.len));
		buf_add_str(&g->heads, h->name);
		buf_add_char(&g->heads, ':');
		buf_add_str(&g->heads, h->value);
	}
}

static void on_body(struct response_reader *r, struct str bytes)
{
	struct reading *g = container_of(r, struct reading, reader);

	assert(bytes.len && !g->enough);
	buf_add_str(&g->body, bytes);
	r->stopped = g->enough = g->stops;
}

static void feed(struct reading *g, struct str bytes, uint32_t seed, bool head_only)
{
	size_t used;

	response_start(&g->reader, head_only);
	while (bytes.len && !g->refused && !g->enough &&
		g->reader.state != RESPONSE_WHOLE) {
		struct str piece = str_span(
			bytes.ptr, seed ? fuzz_piece(bytes, &seed) : bytes.len);

		g->refused = !response_feed(&g->reader, piece, &used);
		assert(used <= piece.len);
		assert(g->refused || g->enough || used == piece.len ||
			g->reader.state == RESPONSE_WHOLE);
		bytes = str_from(bytes, used);
	}
}

/* Both ways are in the same place, also when the connection ends there. */
static void check_same(struct reading *whole, struct reading *parts)
{
	assert(whole->refused == parts->refused);
	assert(str_eq(buf_str(&whole->heads), buf_str(&parts->heads)));
	if (whole->refused)
		return;
	assert(whole->reader.state == parts->reader.state);
	assert(whole->reader.reusable == parts->reader.reusable);
	assert(whole->reader.left == parts->reader.left);
	assert(str_eq(buf_str(&whole->body), buf_str(&parts->body)));
	if (whole->reader.state != RESPONSE_WHOLE)
		assert(response_end(&whole->reader) == response_end(&parts->reader));
}

static void reading_fini(struct reading *g)
{
	response_fini(&g->reader);
	buf_fini(&g->body);
	buf_fini(&g->heads);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading whole = { .reader.on_head = on_head, .reader.on_body = on_body };
	struct reading parts = whole;
	struct buf input = { 0 };

	if (size == 0)
		return 0;
	fuzz_input(&input, str_span((const char *)data + 1, size - 1));
	whole.stops = data[0] >= 0xe0 && data[0] < 0xf0;
	feed(&whole, buf_str(&input), 0, data[0] >= 0xf0);
	feed(&parts, buf_str(&input), 1u + data[0], data[0] >= 0xf0);
	if (!whole.enough)
		check_same(&whole, &parts);
	reading_fini(&whole);
	reading_fini(&parts);
	buf_fini(&input);
	return 0;
}
