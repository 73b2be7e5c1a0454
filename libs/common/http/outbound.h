/*
 * outbound - HTTPS to the world (the model, payments, SMS) by libcurl's multi interface on
 * the loop.
 *
 * Peer and host name are verified, TLS 1.2 or newer, no redirects, http and https only,
 * connections kept and reused. http:// is for simulators on loopback and private networks.
 * HTTP/1.1 only: there a cancelled call is a closed socket, which the other side notices
 * at once. A request whose reused connection turns out to be dead before the first byte of
 * an answer is sent again by libcurl, also a POST: give those that must not happen twice
 * an idempotency key.
 *
 * Use:   outbound_open once; fill a struct outbound_call; outbound_send; events come from
 *        the loop. Any of them may send or cancel any call.
 * Owns:  curl handles (a pool, reused). Borrows the call and its strings until on_done.
 * Fails: ERR_UNAVAILABLE (no connection: nothing was sent), ERR_TIMEOUT, ERR_UNSURE (cut
 *        after sending, or an answer that is not HTTP), ERR_INVALID (answer larger than
 *        body_max).
 */
#ifndef HTTP_OUTBOUND_H
#define HTTP_OUTBOUND_H

#include "app/task.h"
#include "base/buf.h"

struct outbound;
struct outbound_call;

struct outbound_call {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated */
	struct str body;
	unsigned connect_ms;    /* 0: 5 s */
	unsigned first_byte_ms; /* from the start; 0: 30 s */
	unsigned gap_ms;        /* between pieces; 0: 30 s */
	unsigned total_ms;      /* 0: 120 s */
	size_t body_max;        /* 0: 8 MiB */
	/* Pieces of the answer's body as they come; status is known by then. NULL: gathered
	 * in `answer`. Returning false cuts the transfer (on_done with ERR_CANCELED). */
	bool (*on_data)(struct outbound_call *c, struct str bytes);
	void (*on_done)(struct outbound_call *c, enum err e);
	/* results */
	int status;              /* 0 until known */
	struct buf answer;       /* when on_data is NULL; the caller's to fini */
	int64_t retry_after_s;   /* of the answer's Retry-After; -1: none */
	struct str content_type; /* borrowed until on_done returns */
	char request_id[128];    /* Request-Id of the answer; "" if none */
	/* private */
	struct outbound *outbound; /* while it is under way */
	struct outbound_slot *slot;
	struct list link;  /* while it waits for a slot */
	struct task *task; /* of outbound_run */
};

struct outbound *outbound_open(struct loop *loop, unsigned connections_max);
void outbound_send(struct outbound *o, struct outbound_call *c);
/* on_done is not called any more; the socket is closed at once. Harmless after on_done. */
void outbound_cancel(struct outbound_call *c);
/* The whole body has left: with an answer coming it will not be read again, and may go. */
bool outbound_is_sent(const struct outbound_call *c);
unsigned outbound_in_flight(const struct outbound *o);
/* Every call has ended or was canceled before. */
void outbound_close(struct outbound **o, void (*cb)(void *ctx), void *ctx);

/* From a task: c in the task's arena; next gets on_done's error. Ends early when the task
 * is canceled. */
outcome_t outbound_run(struct task *t, struct outbound *o, struct outbound_call *c,
	step_fn *next) MUST_USE;

#endif
