/*
 * client - HTTP/1.1 to our own services: pooled keep-alive connections on libuv and llhttp.
 * (To the outside world, with TLS and proxies, see outbound.h.)
 *
 * A connection is used again only when its last answer was whole and no byte is left over;
 * for what cannot be repeated the kernel is asked whether it has just ended.
 * Requests with `repeatable` are sent once more, on a new connection, when theirs ends
 * before the first byte of an answer, as long as such repeats stay few (budget.h).
 * Connecting is tried at another address when one does not work. An address that answers
 * badly is left alone for a while (breaker.h); that a stream of events is cut is no answer.
 *
 * Use:   http_upstream_open per service; fill a struct http_call; http_call_send. Events
 *        come from the loop, never from inside http_call_send: on_head once, on_body any
 *        number of times, on_done exactly once and last. Any may cancel any call.
 * Owns:  connections and resolved addresses. Borrows the call, its head and its body,
 *        until on_done or http_call_cancel. An answer's fields are good until on_done
 *        returns, the bytes of its body only during on_body.
 * Fails: ERR_UNAVAILABLE (not connected: nothing was sent), ERR_UNSURE (sent, no whole
 *        answer), ERR_TIMEOUT (no connection, no first byte, not the whole answer in
 *        time, or a gap of a minute in it),
 *        ERR_INTERNAL (an answer that breaks HTTP; that connection is closed).
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
	int64_t length; /* Content-Length, also where no body follows it; -1: not known */
};

struct http_call_events {
	void (*on_head)(struct http_call *c, const struct http_response *r);
	void (*on_body)(struct http_call *c, struct str bytes);
	void (*on_done)(struct http_call *c, enum err e); /* ERR_OK: the answer is whole */
};

struct http_call {
	const struct http_call_events *events;
	struct str head; /* request line and fields, with the final empty line */
	struct str body;
	bool repeatable; /* idempotent: GET, HEAD, or with a key that makes it so */
	bool head_only;  /* a HEAD request: the answer has no body */
	char *attempt; /* a digit in the head that tells the sendings apart; may be NULL */
	uint64_t deadline_ms; /* to the first byte of the answer; clock_mono_ms; 0: never */
	/* To the last one, unless it is a stream of events; moved on by the time that the
	 * call is paused. */
	uint64_t end_ms;
	/* private */
	struct list link; /* while it has no connection */
	struct http_upstream *upstream;
	struct client_conn *conn;
	enum err failed; /* what on_done will be told if there is no more to try */
	bool was_sent;   /* at least in part, on some connection */
	unsigned attempts;
};

/* urls: "http://host:port", or several separated by commas; "http://unix:/path". Names that
 * resolve to several addresses are used all, and resolved again every few seconds. */
struct http_upstream *http_upstream_open(
	struct loop *loop, const char *urls, unsigned connections_max);
/* NULL if the URLs are good, else what is wrong with them; open takes only good ones. */
const char *http_upstream_problem(const char *urls);
/* How long connecting may take; a second if nothing is said. */
void http_upstream_set_connect_ms(struct http_upstream *u, unsigned ms);
void http_call_send(struct http_upstream *u, struct http_call *c);
/* No more events; its connection, if it has one, is closed. Harmless after on_done. */
void http_call_cancel(struct http_call *c);
/* Back-pressure: stop and go on reading the answer. What was read already still comes. */
void http_call_pause(struct http_call *c);
void http_call_resume(struct http_call *c);
/* The last connect to some address worked. */
bool http_upstream_is_up(const struct http_upstream *u);
unsigned http_upstream_in_flight(const struct http_upstream *u);
/* Every call has ended or was canceled before. */
void http_upstream_close(struct http_upstream **u, void (*cb)(void *ctx), void *ctx);

#endif
