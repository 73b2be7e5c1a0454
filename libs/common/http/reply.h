/*
 * reply - the ways an HTTP task ends. Errors leave in one shape, RFC 9457 problem+json:
 *
 *   {"type":"about:blank","title":"...","status":404,"code":"not_found","detail":"...",
 *    "request_id":"...","errors":[{"pointer":"/mobile","detail":"..."}]}
 *
 * Every answer carries Date, X-Request-Id, X-Content-Type-Options: nosniff and (unless set
 * otherwise) Cache-Control: no-store; 401 WWW-Authenticate and 429 and 503 Retry-After,
 * too. If the client has left, replies are quietly dropped. The task's memory goes with its
 * reply: a step that has replied touches it no more.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "app/task.h"
#include "http/http.h"
#include "json/write.h"

/* Adds a header to the coming answer; both are copied. One with bytes that HTTP forbids is
 * our own defect: it is dropped and logged. */
void reply_header(struct task *t, struct str name, struct str value);

/* Where the JSON body of the coming answer is written: reply_json sends it. */
struct json_writer *reply_body(struct task *t);
outcome_t reply_json(struct task *t, int status) MUST_USE;

/* Ready bytes, copied. */
outcome_t reply_bytes(
	struct task *t, int status, struct str content_type, struct str body) MUST_USE;
outcome_t reply_empty(struct task *t, int status) MUST_USE; /* 204, 304, ... */

struct problem {
	int status;
	const char *code;  /* lasting machine name: "quota_exceeded" */
	const char *title; /* constant per code */
	const char *type;  /* NULL: about:blank */
};
/* detail: a sentence for people, nothing internal in it; NULL: the title. Copied. */
outcome_t reply_problem(
	struct task *t, const struct problem *p, const char *detail) MUST_USE;

/* The standard answer for an error: 404 for ERR_NOT_FOUND, 503 with Retry-After for
 * ERR_UNAVAILABLE, ..., 500 for ERR_INTERNAL. e must not be ERR_OK. */
outcome_t reply_error(struct task *t, enum err e) MUST_USE;

/* Collects what is wrong with the input; reply_invalid answers 400 with all of it. */
void reply_invalid_add(struct task *t, struct str pointer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool reply_invalid_any(const struct task *t);
outcome_t reply_invalid(struct task *t) MUST_USE;

extern const struct problem PROBLEM_UNAUTHORIZED, PROBLEM_NOT_FOUND, PROBLEM_RATE_LIMITED,
	PROBLEM_UNAVAILABLE, PROBLEM_CONFLICT, PROBLEM_FORBIDDEN, PROBLEM_TOO_LARGE;

/*
 * A reply in pieces (Transfer-Encoding: chunked; Connection: close for HTTP/1.0 clients).
 * After reply_stream_begin, any number of writes from any step, then reply_stream_end.
 * What is written is sent at the end of the turn; reply_stream_waiting says how many bytes
 * the client has not taken yet, for writers that must not run ahead: a client with
 * more than waiting_max (http/server.h) waiting is cut off at the next write.
 * t->deadline_ms is the handler's to move.
 */
void reply_stream_begin(struct task *t, int status, struct str content_type);
void reply_stream_write(struct task *t, struct str bytes);
size_t reply_stream_waiting(const struct task *t);
/* The next step when fewer than `bytes` are waiting; ERR_CANCELED when the client has left
 * (reply_stream_abort then: it may have left half-way only, and must not take a part for
 * all). */
outcome_t reply_stream_drained(struct task *t, size_t bytes, step_fn *next) MUST_USE;
outcome_t reply_stream_end(struct task *t) MUST_USE;
/* Breaks the connection off, so that the client sees a cut answer rather than a whole one.
 */
outcome_t reply_stream_abort(struct task *t) MUST_USE;

/*
 * For a proxy: an answer made elsewhere. Its fields are passed on but for those that speak
 * of one connection (http_is_hop_by_hop) and those that are made anew here: Content-Length,
 * Date, X-Request-Id, X-Content-Type-Options. Body bytes are copied once, into what is
 * written.
 */
outcome_t reply_relay(struct task *t, int status, const struct http_header *fields,
	size_t n, struct str body) MUST_USE;
/* The same in pieces, by reply_stream_write and _end. length: -1 if it is not known; else
 * exactly so many bytes must follow, or the connection is broken off (HEAD: none need to).
 */
void reply_relay_begin(struct task *t, int status, const struct http_header *fields,
	size_t n, int64_t length);

#endif
