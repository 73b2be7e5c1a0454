/*
 * response - one answer read from bytes: head, framing, body. No socket, no clock.
 *
 * Heads go through head.c, chunks through chunk.c before llhttp decodes them; a body of
 * known length is only counted. 1xx answers are passed over. The verdict does not depend
 * on how the bytes were split.
 *
 * Use:   zero-initialise; response_start per request; response_feed with whatever has
 *        come until state is RESPONSE_WHOLE; response_end when the connection ended.
 * Owns:  the text of the head, which `answer` points into: good until response_start.
 * Fails: response_feed returns false for what breaks HTTP; nothing after it may be parsed.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <llhttp.h>

#include "http/chunk.h"
#include "http/client.h"

enum response_state {
	RESPONSE_HEAD,
	RESPONSE_LENGTH, /* a body of `left` bytes more */
	RESPONSE_CHUNKED,
	RESPONSE_TO_END, /* a body up to the end of the connection */
	RESPONSE_WHOLE,
};

struct response_reader {
	/* Either may set `stopped`: then nothing more is told. */
	void (*on_head)(struct response_reader *r);
	void (*on_body)(struct response_reader *r, struct str bytes);

	enum response_state state;
	bool stopped;
	bool reusable;    /* the connection may carry another request after this answer */
	bool head_only;   /* the request was HEAD */
	bool heard_end;   /* llhttp's opinion */
	unsigned interim; /* 1xx answers so far */
	uint64_t left;
	struct head_scan scan;
	struct buf text;
	struct http_response answer;
	struct http_header fields[HEAD_FIELDS_MAX];
	struct chunk_check chunks;
	llhttp_t parser;
};

void response_fini(struct response_reader *r);
void response_start(struct response_reader *r, bool head_only);

/* *used: how many bytes belong to this answer; not all only if it is whole or stopped. */
bool response_feed(struct response_reader *r, struct str bytes, size_t *used);

/* The connection ended: true if that makes the answer whole. */
bool response_end(struct response_reader *r);

#endif
