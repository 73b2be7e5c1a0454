/*
 * http - the words that server, client and gateway share: methods, headers, requests.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/str.h"

enum http_method {
	HTTP_M_GET,
	HTTP_M_HEAD,
	HTTP_M_POST,
	HTTP_M_PUT,
	HTTP_M_PATCH,
	HTTP_M_DELETE,
	HTTP_M_OPTIONS,
	HTTP_M_COUNT,
	HTTP_M_OTHER, /* known to HTTP, never served here: 501 */
};

const char *http_method_name(enum http_method m);
/* Reason phrase of a status code; "" for unknown ones. */
const char *http_status_text(int status);

struct http_header {
	struct str name, value; /* value without surrounding white space */
};

#define HTTP_PATH_PARAMS 4

/* A whole request, checked: all of it lives until the exchange ends. */
struct http_request {
	enum http_method method;
	struct str target; /* as sent: path and query */
	struct str path;   /* normalised: unreserved characters decoded, no dot segments, no
			      "//" */
	struct str query;  /* after '?', not decoded; empty if none */
	struct str host;   /* from Host or the absolute-form target */
	const struct http_header *headers;
	size_t header_count;
	struct str body;
	struct str peer;                    /* address of the other end, without port */
	struct str param[HTTP_PATH_PARAMS]; /* {a}, {b}, ... of the route's pattern, in
					       order */
	bool keep_alive;
	bool http10;
	bool secure; /* it came by TLS */
};

/* The value of the first header of that name; a str with ptr NULL when there is none. */
struct str http_header(const struct http_request *r, struct str name);

/* Fields that speak of one connection only, never to be passed on (RFC 9110 7.6.1). What a
 * Connection field names besides is one, too: the caller's to look at. */
bool http_is_hop_by_hop(struct str name);

/* Is an answer of this type a stream of events, which may last? */
bool http_is_event_stream(struct str content_type);

/* One query parameter, percent- and plus-decoded into the arena; ptr NULL when absent;
 * false when it is given twice or badly encoded. */
bool http_query(
	const struct http_request *r, struct arena *a, struct str name, struct str *out);

/* Does it name each parameter once, and few enough of them? None of ours is a list: who
 * names one twice wants two readers to see different values. */
bool http_query_is_plain(const struct http_request *r, struct arena *a);

/* Does it ask to be let in by a ticket: GET with `ticket` in its query and no Authorization
 * field? Whether the ticket is a good one is for its giver to say. */
bool http_brings_ticket(const struct http_request *r);

/* How long it asks the service to wait with its answer (Prefer: wait=N, RFC 7240 4.3), at
 * most PREFERS_WAIT_MAX_S; 0: it does not. */
#define PREFERS_WAIT_MAX_S 25 /* below what proxies and clients put up with */
uint64_t http_prefers_wait_ms(const struct http_request *r);

/*
 * Request path: percent-encoding checked, unreserved characters decoded once, dot segments
 * removed. False for %2f, %5c, %00, bad encoding, backslash, "//", control characters.
 * `out` needs room for raw.len bytes; *len is set on success. (RFC 3986 6.2.2)
 */
bool http_path_normalise(struct str raw, char *out, size_t *len);

#endif
