#include "http/sse.h"

#define STRAY_MAX (64u << 10)

void sse_init(struct sse_reader *r, size_t event_max, sse_event_fn *on_event, void *ctx)
{
	*r = (struct sse_reader){
		.on_event = on_event, .ctx = ctx, .event_max = event_max
	};
}

void sse_fini(struct sse_reader *r)
{
	buf_fini(&r->line);
	buf_fini(&r->data);
	buf_fini(&r->name);
	buf_fini(&r->id);
	buf_fini(&r->stray);
}

static enum err dispatch(struct sse_reader *r)
{
	struct sse_event ev = { buf_str(&r->name), buf_str(&r->data), buf_str(&r->id) };
	bool go_on = true;

	if (r->has_data)
		go_on = r->on_event(r->ctx, &ev);
	r->has_data = false;
	buf_clear(&r->data);
	buf_clear(&r->name);
	return go_on ? ERR_OK : ERR_CANCELED;
}

static enum err take_data(struct sse_reader *r, struct str value)
{
	if (r->data.len + value.len + 1 > r->event_max)
		return ERR_INVALID;
	if (r->has_data)
		buf_add_char(&r->data, '\n');
	buf_add_str(&r->data, value);
	r->has_data = true;
	return ERR_OK;
}

static void take_stray(struct sse_reader *r, struct str line)
{
	if (r->stray.len + line.len + 1 > STRAY_MAX)
		return;
	buf_add_str(&r->stray, line);
	buf_add_char(&r->stray, '\n');
}

static enum err take_line(struct sse_reader *r, struct str line)
{
	size_t colon = str_find(line, ':');
	struct str field = str_span(line.ptr, colon);
	struct str value = str_from(line, colon + 1);

	if (line.len == 0)
		return dispatch(r);
	if (colon == 0)
		return ERR_OK; /* a comment */
	if (value.len && value.ptr[0] == ' ')
		value = str_from(value, 1);
	if (str_eq(field, STR("data")))
		return take_data(r, value);
	if (str_eq(field, STR("event"))) {
		buf_clear(&r->name);
		buf_add_str(&r->name, value);
	} else if (str_eq(field, STR("id"))) {
		if (str_find(value, '\0') == value.len) {
			buf_clear(&r->id);
			buf_add_str(&r->id, value);
		}
	} else if (!str_eq(field, STR("retry"))) {
		take_stray(r, line);
	}
	return ERR_OK;
}

/* The line is whole: what was kept of it, and its last part. */
static enum err end_line(struct sse_reader *r, struct str last)
{
	enum err e;

	if (r->line.len == 0)
		return take_line(r, last);
	buf_add_str(&r->line, last);
	e = take_line(r, buf_str(&r->line));
	buf_clear(&r->line);
	return e;
}

static size_t find_end(struct str s)
{
	size_t lf = str_find(s, '\n');

	return str_find(str_span(s.ptr, lf), '\r');
}

enum err sse_feed(struct sse_reader *r, struct str bytes)
{
	enum err e;

	if (bytes.len && r->after_cr) {
		r->after_cr = false;
		if (bytes.ptr[0] == '\n')
			bytes = str_from(bytes, 1);
	}
	while (bytes.len) {
		size_t at = find_end(bytes);

		if (at == bytes.len) {
			if (r->line.len + bytes.len > r->event_max)
				return ERR_INVALID;
			buf_add_str(&r->line, bytes);
			break;
		}
		e = end_line(r, str_span(bytes.ptr, at));
		if (e != ERR_OK)
			return e;
		if (bytes.ptr[at] == '\r') {
			if (at + 1 == bytes.len)
				r->after_cr = true;
			else if (bytes.ptr[at + 1] == '\n')
				at++;
		}
		bytes = str_from(bytes, at + 1);
	}
	/* Thousands of readers wait between two events. */
	if (!r->has_data && r->line.len == 0) {
		buf_shrink(&r->data, 0);
		buf_shrink(&r->line, 0);
	}
	return ERR_OK;
}

enum err sse_finish(struct sse_reader *r)
{
	enum err e = r->line.len ? end_line(r, STR_NONE) : ERR_OK;

	return e == ERR_OK ? dispatch(r) : e;
}
