/* Answers of our services: what is understood must not depend on how the bytes are cut. The
 * first byte says how to cut, and whether the request was HEAD. */
#include <assert.h>
#include <stdlib.h>

#include "http/response.h"

#define BODY_MAX (1u << 20)

struct reading {
	struct response_reader reader;
	struct buf body;
	struct buf heads; /* status and fields of each */
	bool refused;
};

static void on_head(struct response_reader *r)
{
	struct reading *g = container_of(r, struct reading, reader);

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

	assert(bytes.len && g->body.len + bytes.len <= BODY_MAX);
	buf_add_str(&g->body, bytes);
}

static void feed(struct reading *g, struct str bytes, size_t step, bool head_only)
{
	size_t used;

	*g = (struct reading){ .reader.on_head = on_head, .reader.on_body = on_body };
	response_start(&g->reader, head_only);
	while (bytes.len && !g->refused && g->reader.state != RESPONSE_WHOLE) {
		struct str piece = str_span(bytes.ptr, step < bytes.len ? step : bytes.len);

		g->refused = !response_feed(&g->reader, piece, &used);
		assert(used <= piece.len);
		assert(g->refused || used == piece.len ||
			g->reader.state == RESPONSE_WHOLE);
		bytes = str_from(bytes, used);
	}
}

static void reading_fini(struct reading *g)
{
	response_fini(&g->reader);
	buf_fini(&g->body);
	buf_fini(&g->heads);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading whole, parts;
	struct str bytes;
	bool head_only;

	if (size == 0 || size > BODY_MAX)
		return 0;
	bytes = str_span((const char *)data + 1, size - 1);
	head_only = data[0] >= 0xf0;
	feed(&whole, bytes, SIZE_MAX, head_only);
	feed(&parts, bytes, 1 + data[0] % 40, head_only);
	assert(whole.refused == parts.refused);
	assert(str_eq(buf_str(&whole.heads), buf_str(&parts.heads)));
	if (!whole.refused) {
		assert(whole.reader.state == parts.reader.state);
		assert(whole.reader.reusable == parts.reader.reusable);
		assert(str_eq(buf_str(&whole.body), buf_str(&parts.body)));
	}
	reading_fini(&whole);
	reading_fini(&parts);
	return 0;
}
