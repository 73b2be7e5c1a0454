#include "http/sse.h"

#include "tests/lib/test.h"

static bool note(void *ctx, const struct sse_event *ev)
{
	buf_addf(ctx, "[%.*s|%.*s|%.*s]", STR_ARG(ev->name), STR_ARG(ev->data),
		STR_ARG(ev->id));
	return true;
}

/* Fed in pieces of `step` bytes; 0: whole. */
static void feed(struct str text, size_t step, struct buf *out, struct buf *stray)
{
	struct sse_reader r;

	sse_init(&r, 1000, note, out);
	if (step == 0)
		step = text.len;
	for (size_t at = 0; at < text.len; at += step) {
		size_t n = text.len - at < step ? text.len - at : step;

		CHECK_INT(sse_feed(&r, str_span(text.ptr + at, n)), ERR_OK);
	}
	CHECK_INT(sse_finish(&r), ERR_OK);
	buf_add_str(stray, buf_str(&r.stray));
	sse_fini(&r);
}

static void check(struct str text, const char *want, const char *want_stray)
{
	for (size_t step = 0; step < 7; step++) {
		struct buf got = { 0 }, stray = { 0 };

		feed(text, step, &got, &stray);
		CHECK_STR(buf_str(&got), str_of(want));
		CHECK_STR(buf_str(&stray), str_of(want_stray));
		buf_fini(&got);
		buf_fini(&stray);
	}
}

TEST(events_end_at_a_blank_line_of_any_kind)
{
	check(STR("data: a\n\ndata: b\r\rdata: c\r\n\r\n"), "[|a|][|b|][|c|]", "");
}

TEST(a_line_feed_alone_belongs_to_one_return_only)
{
	check(STR("data: a\r\n\n\ndata: b\n\n"), "[|a|][|b|]", "");
	check(STR("data: a\r\n\ndata: b\r\n\n"), "[|a|][|b|]", "");
}

TEST(fields_and_comments)
{
	check(STR(": hello\nevent: x\nid: 7\ndata: 1\ndata:2\n\ndata: 3\n\n"),
		"[x|1\n2|7][|3|7]", "");
	check(STR("id: 9\n\ndata:  two blanks\n\n"), "[| two blanks|9]", "");
	check(STR("retry: 100\n\n"), "", "");
}

TEST(a_last_event_without_its_blank_line_counts)
{
	check(STR("data: a\n\ndata: {\"x\":1}"), "[|a|][|{\"x\":1}|]", "");
}

TEST(what_is_no_event_is_kept_aside)
{
	check(STR("data: a\n\n{\n \"error\": {}\n}\n"), "[|a|]", "{\n \"error\": {}\n}\n");
}

TEST(an_event_larger_than_allowed_is_refused)
{
	struct buf out = { 0 };
	struct sse_reader r;
	char big[600];
	enum err e;

	memset(big, 'x', sizeof big);
	sse_init(&r, 1000, note, &out);
	e = sse_feed(&r, STR("data: "));
	for (int i = 0; i < 3 && e == ERR_OK; i++)
		e = sse_feed(&r, str_span(big, sizeof big));
	CHECK_INT(e, ERR_INVALID);
	sse_fini(&r);
	buf_fini(&out);
}
