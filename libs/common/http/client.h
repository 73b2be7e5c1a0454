/*
 * client - HTTP/1.1 to our own services: pooled keep-alive connections on libuv and llhttp.
 * (To the outside world, with TLS and proxies, see outbound.h.)
 *
 * Use:   http_upstream_open per service; fill a struct http_call; http_call_send. Events come from the
 *        loop: on_head once, on_body any number of times, on_done exactly once and last.
 * Owns:  connections and resolved addresses. Borrows the call, and head and body bytes, until
 *        on_done or http_call_cancel.
 * Fails: ERR_UNAVAILABLE (not connected: nothing was sent), ERR_UNSURE (sent, no whole answer),
 *        ERR_TIMEOUT (deadline), ERR_INTERNAL (an answer that breaks HTTP; that connection is closed).
 * A connection is used again only when its last answer was whole and no byte is left over.
 * Requests with `repeatable` are sent once more, on a new connection, when a reused connection turns
 * out to be dead before the first byte of an answer.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "app/loop.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/http.h"

struct http_upstream;
struct http_call;

struct http_response {
	int status;
	const struct http_header *headers; /* hop-by-hop ones still in */
	size_t header_count;
	int64_t length; /* Content-Length; -1: not known */
};

struct http_call_events {
	void (*on_head)(struct http_call *c, const struct http_response *r);
	void (*on_body)(struct http_call *c, struct str bytes);
	void (*on_done)(struct http_call *c, enum err e); /* ERR_OK: the answer is whole */
};

struct http_call {
	const struct http_call_events *events;
	struct str head;   /* request line and fields, with the final empty line */
	struct str body;
	bool repeatable;   /* idempotent: GET, HEAD, or with a key that makes it so */
	bool head_only;    /* a HEAD request: the answer has no body */
	uint64_t deadline_ms; /* to the first byte of the answer; clock_mono_ms; 0: never */
	/* private */
	struct list link;
	struct http_upstream *upstream;
	void *conn;
	int attempts;
	bool paused;
};

/* url: "http://host:port", or several separated by commas; "http://unix:/path". Names that resolve
 * to several addresses are used all, and resolved again every few seconds. */
struct http_upstream *http_upstream_open(struct loop *loop, const char *urls, unsigned connections_max);
void http_call_send(struct http_upstream *u, struct http_call *c);
/* No more events; closes the connection if the request was on it. */
void http_call_cancel(struct http_call *c);
/* Back-pressure: stop and go on reading the answer. */
void http_call_pause(struct http_call *c);
void http_call_resume(struct http_call *c);
bool http_upstream_is_up(const struct http_upstream *u); /* the last contact with some address worked */
unsigned http_upstream_in_flight(const struct http_upstream *u);
void http_upstream_close(struct http_upstream **u, void (*cb)(void *ctx), void *ctx);

#endif
