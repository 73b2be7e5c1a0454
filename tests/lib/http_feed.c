#include "tests/lib/http_feed.h"

void http_feed_init(struct http_feed *f, uint64_t body_max)
{
	*f = (struct http_feed){ .body_max = body_max };
	arena_init(&f->arena);
}

static void refuse(struct http_feed *f, const struct refusal *no)
{
	f->refused = no->status;
	f->why = no->why;
	buf_addf(&f->told, "refused %d\n", no->status);
}

static void next_request(struct http_feed *f)
{
	intake_reset(&f->intake, false);
	arena_fini(&f->arena);
	f->request = (struct http_request){ 0 };
	f->scan = (struct head_scan){ 0 };
	f->in_body = false;
}

static void tell(struct http_feed *f)
{
	const struct http_request *r = &f->request;

	f->whole++;
	buf_addf(&f->told, "%s %.*s ?%.*s host=%.*s\n", http_method_name(r->method),
		STR_ARG(r->path), STR_ARG(r->query), STR_ARG(r->host));
	for (size_t i = 0; i < r->header_count; i++) {
		buf_add_str(&f->told, r->headers[i].name);
		buf_add_char(&f->told, '=');
		buf_add_str(&f->told, r->headers[i].value);
		buf_add_char(&f->told, '\n');
	}
	buf_add_str(&f->told, STR("body="));
	buf_add_str(&f->told, r->body);
	buf_add_char(&f->told, '\n');
	next_request(f);
}

static size_t eat_head(struct http_feed *f, struct str bytes)
{
	const struct refusal *no;
	size_t start, end;
	bool whole;

	no = head_scan(&f->scan, bytes, &whole);
	if (no)
		refuse(f, no);
	if (no || !whole)
		return 0;
	start = f->scan.start;
	end = f->scan.end;
	no = intake_open(&f->intake, &f->scan, str_span(bytes.ptr + start, end - start),
		&f->arena, &f->request);
	if (!no)
		no = intake_limit(&f->intake, f->body_max);
	if (no)
		refuse(f, no);
	else if (intake_has_body(&f->intake))
		f->in_body = true;
	else
		tell(f);
	return end;
}

static size_t eat_body(struct http_feed *f, struct str bytes)
{
	const struct refusal *no;
	size_t used = 0;
	bool whole = false;

	no = intake_body(&f->intake, bytes, &used, &whole);
	if (no)
		refuse(f, no);
	else if (whole)
		tell(f);
	return used;
}

void http_feed_bytes(struct http_feed *f, struct str piece)
{
	size_t n = 1;

	if (f->refused)
		return;
	buf_add_str(&f->pending, piece);
	while (n > 0 && f->pending.len > 0 && !f->refused) {
		/* In memory of exactly its size, so that reading past it is seen. */
		struct buf exact = { 0 };

		buf_add_str(&exact, buf_str(&f->pending));
		n = f->in_body ? eat_body(f, buf_str(&exact))
			       : eat_head(f, buf_str(&exact));
		buf_fini(&exact);
		buf_consume(&f->pending, n);
	}
}

struct str http_feed_end(struct http_feed *f)
{
	if (!f->refused && (f->pending.len || f->in_body))
		buf_add_str(&f->told, STR("more\n"));
	return buf_str(&f->told);
}

void http_feed_fini(struct http_feed *f)
{
	buf_fini(&f->pending);
	buf_fini(&f->told);
	intake_fini(&f->intake);
	arena_fini(&f->arena);
}
