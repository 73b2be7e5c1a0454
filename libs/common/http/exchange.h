/*
 * exchange - a request and its answer, from the whole head to the last byte handed over.
 * The inside of the HTTP server: shared by conn*.c, exchange.c, answer.c, reply*.c,
 * serve.c.
 *
 * Owns:  its task, and with it the arena that all of the request lives in. Finished
 * exchanges are kept on a short list, with some of their memory, for the next ones.
 * Outlives its connection when the client leaves while a handler waits (conn is NULL then).
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "app/app.h"
#include "http/acceptor.h"
#include "http/intake.h"
#include "http/octet.h"
#include "http/reply.h"
#include "http/server.h"

struct conn;
struct histogram;
struct peers;

#define PEER_SIZE 46 /* an IPv6 address as text */

struct invalid; /* one entry of the list that reply_invalid sends */

struct http_exchange {
	struct task task;
	struct http_request req;
	struct http_server *server;
	struct conn *conn; /* NULL: the client has left */
	struct list spare;
	struct intake intake;
	size_t held; /* bytes of the request, of server.held */
	char peer[PEER_SIZE];
	uint64_t began_us;
	uint64_t asked_ms; /* X-Request-Deadline-Ms; UINT64_MAX: none */
	const struct route *route;
	void (*done)(struct task *t, const struct http_done *d);

	/* the answer */
	int status;    /* 0: not begun */
	bool closes;   /* the connection ends with it */
	bool chunked;  /* a stream whose pieces are chunks */
	bool bodiless; /* HEAD, 204, 304: body bytes are not sent */
	bool streaming;
	bool events;      /* a text/event-stream */
	bool mid_event;   /* its last event is not whole yet */
	bool handed_over; /* ended here, to go on elsewhere */
	bool unheard;     /* the client had left when it began */
	char last;        /* byte of the stream */
	int64_t length;   /* of a stream; -1: not known */
	bool cut;
	bool has_json; /* reply_body was called */
	bool has_cache_control, has_retry_after, has_www_authenticate, has_content_type;
	bool bad_media; /* the body is not JSON: reply_invalid answers 415 */
	uint64_t body_bytes;
	struct buf fields; /* header lines set by reply_header */
	struct buf body;   /* JSON being written */
	struct json_writer json;
	struct invalid *invalid, **invalid_end;
	unsigned invalid_count;
	size_t drain_below; /* the task waits for fewer bytes than this; 0: it does not */
};

struct http_exchange *exchange_new(struct conn *c);
/* Ids and deadline, from the head if it has them. */
void exchange_identify(struct http_exchange *x);
/* wait_ms from the beginning, or what the caller asked for if that is less. */
void exchange_set_deadline(struct http_exchange *x, uint64_t wait_ms);
/* The answer is whole, or never will be: the handler is done with it. */
void exchange_end(struct http_exchange *x);
/* The memory goes. */
void exchange_release(struct http_exchange *x);
void exchange_free_spare(struct http_server *s);

/* ---- answer.c: bytes of an answer, into the connection's buffer ---- */

/* length -1: not known. The fields of reply_header and our own are added. */
void answer_begin(
	struct http_exchange *x, int status, struct str content_type, int64_t length);
void answer_body(struct http_exchange *x, struct str bytes);
void answer_continue(struct http_exchange *x); /* 100 */
/* False, and nothing added, if name or value hold what HTTP forbids. */
bool answer_add_field(struct http_exchange *x, struct str name, struct str value);
/* The problem+json answer to what broke HTTP; the connection ends with it. */
void answer_refusal(struct http_exchange *x, const struct refusal *no);

/* ---- the server ---- */

#define SPARE_OUT_MAX 16

struct http_server {
	struct http_server_options o; /* defaults filled in */
	struct loop *loop;
	struct acceptor acceptor;
	bool is_unix, listening;
	bool owns_address; /* it opened the listener itself */
	unsigned handles;  /* acceptor and tick, while open */
	struct timer tick;
	struct loop_hook hook;
	struct list conns, dirty, spare_exchanges;
	unsigned conn_count, exchange_count, spare_count;
	struct buf spare_out[SPARE_OUT_MAX];
	unsigned spare_out_count;
	char *read_buffer;  /* shared: eaten or copied away before the next read */
	char *plain_buffer; /* the same, for what TLS has opened */
	struct str hsts;    /* a line of every answer; empty: none */
	char hsts_line[80];
	struct peers *peers;            /* NULL without a limit per address */
	struct histogram **route_times; /* serve.c's */
	size_t held, unsent;       /* bytes of requests, of answers: see conn_memory.c */
	uint64_t crowded_until_ms; /* requests that are served hold all memory */
	uint64_t refused;
	int64_t date_s;
	char date[32];
	bool draining, closing;
	uint64_t drain_ms;      /* when draining began */
	unsigned drain_idle_ms; /* 0: idle connections may stay */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

#define READ_BUFFER_SIZE (64u << 10)

static inline uint64_t server_now_ms(const struct http_server *s)
{
	return uv_now(&s->loop->uv);
}

#endif
