#include "http/response.h"

#include "base/log.h"

#define INTERIM_MAX 4
#define TEXT_KEEP   4096

/* ---- llhttp: the decoder of chunks ---- */

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct response_reader *r = p->data;

	r->on_body(r, str_span(at, len));
	return r->stopped ? HPE_USER : 0;
}

static int on_end(llhttp_t *p)
{
	struct response_reader *r = p->data;

	r->heard_end = true;
	return 0;
}

static const llhttp_settings_t settings = {
	.on_body = on_body,
	.on_message_complete = on_end,
};

static bool decode(struct response_reader *r, struct str bytes)
{
	llhttp_errno_t rc = llhttp_execute(&r->parser, bytes.ptr, bytes.len);

	if (rc == HPE_OK || r->stopped)
		return true;
	log_debug("http-parser-refused", L_Z("why", llhttp_errno_name(rc)));
	return false;
}

static bool start_chunks(struct response_reader *r)
{
	chunk_init(&r->chunks, UINT64_MAX);
	llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
	r->parser.data = r;
	return decode(r, buf_str(&r->text)) && (r->parser.flags & F_CHUNKED) &&
	       !r->heard_end;
}

/* ---- the head ---- */

void response_fini(struct response_reader *r)
{
	buf_fini(&r->text);
}

static void expect_head(struct response_reader *r)
{
	r->state = RESPONSE_HEAD;
	r->scan = (struct head_scan){ 0 };
	buf_shrink(&r->text, TEXT_KEEP);
}

void response_start(struct response_reader *r, bool head_only)
{
	expect_head(r);
	r->head_only = head_only;
	r->stopped = r->heard_end = r->reusable = false;
	r->interim = 0;
}

/* Some readers would take what follows for a body where others see the next head. */
static bool claims_body(const struct head *h)
{
	return h->chunked || h->length > 0;
}

/* 100 and 103 announce the answer; 101 would change the protocol: nobody asked for that. */
static bool pass_over(struct response_reader *r, const struct head *h)
{
	if (r->answer.status == 101 || claims_body(h) || ++r->interim > INTERIM_MAX)
		return false;
	expect_head(r);
	return true;
}

/* How the body ends; false for a framing that makes no sense. */
static bool frame(struct response_reader *r, const struct head *h)
{
	int status = r->answer.status;

	if (h->length > INT64_MAX || (status == 204 && claims_body(h)))
		return false;
	r->left = h->length;
	if (r->head_only || status == 204 || status == 304) {
		r->state = RESPONSE_WHOLE;
	} else if (h->chunked) {
		r->state = RESPONSE_CHUNKED;
		return start_chunks(r);
	} else if (h->has_length) {
		r->state = r->left ? RESPONSE_LENGTH : RESPONSE_WHOLE;
	} else {
		r->state = RESPONSE_TO_END;
		r->reusable = false;
	}
	return true;
}

static bool read_head(struct response_reader *r)
{
	struct http_response *a = &r->answer;
	struct head h;

	if (head_response(buf_str(&r->text), r->fields, &h, &a->status, &a->header_count))
		return false;
	if (a->status < 200)
		return pass_over(r, &h);
	a->headers = r->fields;
	a->length = h.has_length ? (int64_t)h.length : -1;
	r->reusable = h.minor == 1 && !h.close && h.times[HEAD_UPGRADE] == 0;
	if (!frame(r, &h))
		return false;
	r->on_head(r);
	return true;
}

/* Collects the head; most come whole, and are then copied once. */
static bool take_head(struct response_reader *r, struct str bytes, size_t *used)
{
	size_t before = r->text.len;
	struct str seen = bytes;
	bool whole;

	if (before) {
		buf_add_str(&r->text, bytes);
		seen = buf_str(&r->text);
	}
	if (head_scan(&r->scan, seen, &whole) || r->scan.blanks)
		return false;
	if (!whole) {
		if (!before)
			buf_add_str(&r->text, bytes);
		*used = bytes.len;
		return true;
	}
	if (!before)
		buf_add(&r->text, bytes.ptr, r->scan.end);
	r->text.len = r->scan.end;
	*used = r->scan.end - before;
	return read_head(r);
}

/* ---- the body ---- */

static bool take_chunks(struct response_reader *r, struct str bytes, size_t *used)
{
	if (chunk_check(&r->chunks, bytes, used))
		return false;
	if (!decode(r, str_span(bytes.ptr, *used)))
		return false;
	if (r->stopped)
		return true;
	if (r->chunks.state == CHUNK_WHOLE)
		r->state = RESPONSE_WHOLE;
	return r->heard_end == (r->state == RESPONSE_WHOLE);
}

static void take_counted(struct response_reader *r, struct str bytes, size_t *used)
{
	*used = bytes.len < r->left ? bytes.len : (size_t)r->left;
	r->left -= *used;
	if (r->left == 0)
		r->state = RESPONSE_WHOLE;
	r->on_body(r, str_span(bytes.ptr, *used));
}

static bool take_some(struct response_reader *r, struct str bytes, size_t *used)
{
	switch (r->state) {
	case RESPONSE_HEAD:
		return take_head(r, bytes, used);
	case RESPONSE_LENGTH:
		take_counted(r, bytes, used);
		return true;
	case RESPONSE_CHUNKED:
		return take_chunks(r, bytes, used);
	case RESPONSE_TO_END:
		*used = bytes.len;
		r->on_body(r, bytes);
		return true;
	case RESPONSE_WHOLE:
		break;
	}
	return true;
}

bool response_feed(struct response_reader *r, struct str bytes, size_t *used)
{
	size_t some;

	*used = 0;
	while (*used < bytes.len && r->state != RESPONSE_WHOLE && !r->stopped) {
		some = 0;
		if (!take_some(r, str_from(bytes, *used), &some))
			return false;
		*used += some;
	}
	return true;
}

bool response_end(struct response_reader *r)
{
	if (r->state != RESPONSE_TO_END)
		return false;
	r->state = RESPONSE_WHOLE;
	return true;
}
