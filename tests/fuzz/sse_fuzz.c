// covers: libs/common/http/sse.c
/* Server-sent events: what is read must not depend on how the bytes are cut. */
#include <assert.h>

#include "http/sse.h"

static bool note(void *ctx, const struct sse_event *ev)
{
	buf_add_str(ctx, ev->name);
	buf_add_char(ctx, '\0');
	buf_add_str(ctx, ev->data);
	buf_add_char(ctx, '\0');
	buf_add_str(ctx, ev->id);
	buf_add_char(ctx, '\0');
	return true;
}

static enum err read_all(struct str text, size_t step, struct buf *out)
{
	struct sse_reader r;
	enum err e = ERR_OK;

	sse_init(&r, 1 << 16, note, out);
	for (size_t at = 0; at < text.len && e == ERR_OK; at += step)
		e = sse_feed(&r, str_span(text.ptr + at,
					 text.len - at < step ? text.len - at : step));
	if (e == ERR_OK)
		e = sse_finish(&r);
	buf_add_str(out, buf_str(&r.stray));
	sse_fini(&r);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_span((const char *)data, size);
	struct buf whole = { 0 }, pieces = { 0 };
	size_t step = size ? 1 + data[0] % 7 : 1;
	enum err a, b;

	if (size > 4096) /* under the event limit, where the cut may decide which check
			    comes first */
		return 0;
	a = read_all(text, size ? size : 1, &whole);
	b = read_all(text, step, &pieces);
	assert(a == b);
	assert(str_eq(buf_str(&whole), buf_str(&pieces)));
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
