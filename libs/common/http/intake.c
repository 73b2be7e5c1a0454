#include "http/intake.h"

#include <assert.h>

#include "base/log.h"

static const struct refusal bad_path = { 400, "The path is malformed" };
static const struct refusal ambiguous = { 400, "The request can be read in two ways" };
static const struct refusal too_large = { 413, "The body is too large" };

#define RECEIVED_KEEP 4096

/* ---- llhttp: what it heard ---- */

static int on_head(llhttp_t *p)
{
	struct intake *in = p->data;

	in->heard_head = true;
	return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct intake *in = p->data;

	if (in->discard)
		return 0;
	if (len == in->head.length && !in->head.chunked)
		in->request->body = arena_dup(in->arena, str_span(at, len));
	else
		buf_add(&in->received, at, len);
	return 0;
}

static int on_end(llhttp_t *p)
{
	struct intake *in = p->data;

	in->heard_end = true;
	return 0;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_end,
};

static bool feed(struct intake *in, struct str bytes)
{
	llhttp_errno_t rc = llhttp_execute(&in->parser, bytes.ptr, bytes.len);

	/* An offer to upgrade is not followed: the request is an ordinary one. */
	if (rc == HPE_OK || (rc == HPE_PAUSED_UPGRADE && in->heard_end))
		return true;
	log_debug("http-parser-refused", L_Z("why", llhttp_errno_name(rc)));
	return false;
}

static bool same_framing(const struct intake *in)
{
	const llhttp_t *p = &in->parser;

	if (!in->heard_head || p->http_major != 1 || p->http_minor != in->head.minor)
		return false;
	if (((p->flags & F_CHUNKED) != 0) != in->head.chunked)
		return false;
	if (!in->head.chunked && p->content_length != in->head.length)
		return false;
	return in->heard_end == !intake_has_body(in);
}

/* ---- the head ---- */

static const struct refusal *normalise(struct arena *a, struct http_request *r)
{
	char *path = arena_bytes(a, r->path.len);
	size_t len;

	if (r->path.len == 1) /* "/" and "*" */
		return NULL;
	if (!http_path_normalise(r->path, path, &len))
		return &bad_path;
	r->path = str_span(path, len);
	return NULL;
}

const struct refusal *intake_open(struct intake *in, const struct head_scan *scan,
	struct str head, struct arena *a, struct http_request *r)
{
	struct http_header *fields = arena_alloc(a, scan->fields * sizeof *fields);
	const struct refusal *no;

	in->request = r;
	in->arena = a;
	head = arena_dup(a, head);
	no = head_request(head, fields, &in->head, r);
	if (!no)
		no = normalise(a, r);
	if (no)
		return no;
	in->left = in->head.length;
	llhttp_init(&in->parser, HTTP_REQUEST, &settings);
	in->parser.data = in;
	return feed(in, head) && same_framing(in) ? NULL : &ambiguous;
}

/* ---- the body ---- */

const struct refusal *intake_limit(struct intake *in, uint64_t body_max)
{
	if (in->head.chunked)
		chunk_init(&in->chunks, body_max);
	return in->head.length > body_max ? &too_large : NULL;
}

/* How many of the bytes are this body's, and whether its last one is among them. */
static const struct refusal *delimit(
	struct intake *in, struct str bytes, size_t *used, bool *last)
{
	const struct refusal *no;

	if (in->head.chunked) {
		no = chunk_check(&in->chunks, bytes, used);
		*last = in->chunks.state == CHUNK_WHOLE;
		return no;
	}
	*used = bytes.len < in->left ? bytes.len : (size_t)in->left;
	in->left -= *used;
	*last = in->left == 0;
	return NULL;
}

const struct refusal *intake_body(
	struct intake *in, struct str bytes, size_t *used, bool *whole)
{
	const struct refusal *no = delimit(in, bytes, used, whole);

	if (no)
		return no;
	in->taken += *used;
	if (!feed(in, str_span(bytes.ptr, *used)) || in->heard_end != *whole)
		return &ambiguous;
	if (*whole && in->received.len)
		in->request->body = buf_str(&in->received);
	return NULL;
}

void intake_reset(struct intake *in, bool wipe)
{
	struct buf received = in->received;

	if (wipe)
		buf_wipe(&received);
	buf_shrink(&received, RECEIVED_KEEP);
	*in = (struct intake){ .received = received };
}

void intake_fini(struct intake *in)
{
	buf_fini(&in->received);
}

/* ---- the self-test ---- */

static bool parser_takes(struct str bytes)
{
	struct intake in = { 0 };
	struct http_request r = { 0 };

	in.request = &r;
	in.discard = true;
	llhttp_init(&in.parser, HTTP_REQUEST, &settings);
	in.parser.data = &in;
	return llhttp_execute(&in.parser, bytes.ptr, bytes.len) == HPE_OK && in.heard_end;
}

bool intake_self_test(void)
{
	return parser_takes(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) &&
	       !parser_takes(STR("GET / HTTP/1.1\r\nHost: a\r\n"
				 "X-Abc:\rxTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) &&
	       !parser_takes(STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 1"
				 "\r\n\r\nx")) &&
	       !parser_takes(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\rX"));
}
