/*
 * sse - server-sent events as they arrive in pieces (WHATWG HTML, 9.2): lines end in LF,
 * CRLF or CR, a blank line dispatches.
 *
 * Use:   sse_init, sse_feed for every piece, sse_finish at the end of the body, sse_fini.
 * Also gathers what is no event at all (lines without a known field, such as a bare JSON
 * error in the middle of a stream) in `stray`, bounded, for whoever wants to look at it.
 * Fails: ERR_INVALID when one event is larger than event_max.
 */
#ifndef HTTP_SSE_H
#define HTTP_SSE_H

#include "base/buf.h"
#include "base/err.h"

struct sse_event {
	struct str name; /* empty: "message" */
	struct str data;
	struct str id; /* the last one seen, of this or an earlier event */
};

/* Borrowed until it returns. False: no more events, sse_feed returns ERR_CANCELED. */
typedef bool sse_event_fn(void *ctx, const struct sse_event *ev);

struct sse_reader {
	sse_event_fn *on_event;
	void *ctx;
	size_t event_max;
	struct buf line; /* an unfinished line */
	struct buf data, name, id;
	struct buf stray;
	bool has_data;
	bool after_cr; /* a LF now belongs to the CR before it */
};

void sse_init(struct sse_reader *r, size_t event_max, sse_event_fn *on_event, void *ctx);
void sse_fini(struct sse_reader *r);
enum err sse_feed(struct sse_reader *r, struct str bytes)
	__attribute__((warn_unused_result));
/* The body ended: a last line without its end is taken; an event without its blank line is
 * dispatched, unlike in browsers, for providers cut corners. */
enum err sse_finish(struct sse_reader *r) __attribute__((warn_unused_result));

#endif
