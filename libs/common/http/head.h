/*
 * head - the bytes of a request's or answer's head, checked before any parser sees them
 * (RFC 9112; security-requirements 1.2). Pure functions: no connection, no clock.
 *
 * Use:   head_scan with all bytes so far, until it says whole; then head_request or
 *        head_response over exactly those bytes.
 * Owns:  nothing. Everything found points into the bytes that were given.
 * Fails: a `struct refusal`: the status to answer with (an answer's reader needs only to
 *        know that there is one) and why. NULL: nothing wrong.
 * The verdict does not depend on how the bytes were split.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/http.h"

#define HEAD_LINE_MAX   8192
#define HEAD_MAX        32768
#define HEAD_FIELDS_MAX 100
#define HEAD_BLANKS_MAX 2

/* Less than these, for who wants it: our own services take heads of the sizes above. */
struct head_limits {
	size_t line; /* the request line; a field */
	size_t head; /* all of it */
	unsigned fields;
};

struct refusal {
	int status;
	const char *why; /* a sentence for the client's author */
};

/* How far a head has been looked at. Zero: nothing yet. */
struct head_scan {
	const struct head_limits *limits; /* NULL: those above */
	size_t start;    /* where the first line begins; blank lines may stand before it */
	size_t at;       /* where the line begins that is not yet whole */
	size_t end;      /* one past the final empty line, once whole */
	unsigned fields; /* field lines so far */
	unsigned blanks;
};

/*
 * Line ends, folding and sizes of all lines that are there. `bytes` starts where it started
 * the last time. *whole is set when the head is complete up to s->end.
 */
const struct refusal *head_scan(struct head_scan *s, struct str bytes, bool *whole);

/* Fields that the server itself reads. */
enum head_known {
	HEAD_HOST,
	HEAD_EXPECT,
	HEAD_UPGRADE,
	HEAD_CONNECTION,
	HEAD_TRACEPARENT,
	HEAD_CONTENT_TYPE,
	HEAD_REQUEST_ID,
	HEAD_AUTHORIZATION,
	HEAD_CONTENT_LENGTH,
	HEAD_IDEMPOTENCY_KEY,
	HEAD_STRIPE_SIGNATURE,
	HEAD_TRANSFER_ENCODING,
	HEAD_DEADLINE,
	HEAD_KNOWN_COUNT,
};

struct head {
	struct str known[HEAD_KNOWN_COUNT]; /* first value of each; ptr NULL: absent */
	uint8_t times[HEAD_KNOWN_COUNT];    /* how often it was given */
	unsigned minor;                     /* of HTTP/1.x */
	bool has_length, chunked;
	bool close, keep_alive; /* named by Connection */
	bool expects_continue;
	uint64_t length; /* Content-Length */
};

/*
 * bytes: from s.start to s.end. `fields` has room for s.fields entries. Sets method,
 * target, raw path and query, host, headers, keep_alive and http10 of *r; the path is not
 * yet normalised.
 */
const struct refusal *head_request(struct str bytes, struct http_header *fields,
	struct head *h, struct http_request *r);

/* The same for an answer; *status is its code, 100 to 599. */
const struct refusal *head_response(struct str bytes, struct http_header *fields,
	struct head *h, int *status, size_t *count);

/* ---- shared by the two ---- */

/* The first line without its CR LF; *rest is what follows. */
struct str head_first_line(struct str bytes, struct str *rest);
/* All field lines up to the empty one; *count is how many there were before a refusal. */
const struct refusal *head_fields(
	struct str lines, struct http_header *fields, struct head *h, size_t *count);
/* Content-Length and Transfer-Encoding: exactly one of them, exactly one way to read it. */
const struct refusal *head_framing(struct head *h);

#endif
