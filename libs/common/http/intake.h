/*
 * intake - one request read from bytes: head, framing, body. No socket, no clock.
 *
 * Two readers must agree on every head: head.c, and llhttp after it. The body's framing is
 * checked by chunk.c, or by counting, before llhttp decodes it.
 *
 * Use:   head_scan until whole; intake_open over the head; then, if intake_has_body,
 *        intake_limit and intake_body until whole. intake_reset before the next request.
 * Owns:  `received`. The head is copied into the arena, and so is a body that comes at
 * once. Fails: a refusal; nothing after it may be parsed.
 */
#ifndef HTTP_INTAKE_H
#define HTTP_INTAKE_H

#include <llhttp.h>

#include "base/buf.h"
#include "http/chunk.h"
#include "http/head.h"

struct intake {
	struct head head;
	struct http_request *request;
	struct arena *arena;
	struct chunk_check chunks;
	uint64_t left;       /* of Content-Length */
	uint64_t taken;      /* bytes of the body so far, as they were sent */
	struct buf received; /* the body as far as it has come, when it comes in pieces */
	bool discard;        /* the answer is given already: the body is read and dropped */
	bool heard_head, heard_end; /* llhttp's opinion */
	llhttp_t parser;
};

/* head: from scan->start to scan->end. Fills *r, which is zeroed before. */
const struct refusal *intake_open(struct intake *in, const struct head_scan *scan,
	struct str head, struct arena *a, struct http_request *r);

static inline bool intake_has_body(const struct intake *in)
{
	return in->head.chunked || in->head.length > 0;
}

/* To be called before the first intake_body. */
const struct refusal *intake_limit(struct intake *in, uint64_t body_max);
/* *used: how many of the bytes belong to this body. *whole: r->body is set. */
const struct refusal *intake_body(
	struct intake *in, struct str bytes, size_t *used, bool *whole);

/* Forgets the request; keeps a little memory for the next one. */
void intake_reset(struct intake *in, bool wipe);
void intake_fini(struct intake *in);

/* Feeds llhttp what lax builds of it let through; false if it lets it through. */
bool intake_self_test(void);

#endif
