/*
 * server - HTTP/1.1 on libuv and llhttp: connections in, whole checked requests out to a
 * handler.
 *
 * The head of each request is collected and checked by head.c before llhttp sees it
 * (shared rules: RFC 9112, and security-requirements 1 and 2 as tests/unit/http_*_test.c
 * spell them out). A request is given to `serve` when its last byte has arrived; it runs as
 * a task whose t->http is the exchange.
 *
 * A connection serves one request at a time, so pipelined ones are answered in order and
 * take effect in order. What comes meanwhile waits as bytes: when there are 4 KiB of them
 * (a single read may bring more), reading stops. It stops as well while waiting_max bytes
 * of answers are not taken. Answers to what came in one read are written together, at the
 * turn's end; what was waited for, at once.
 *
 * Ids and deadline of a request: X-Request-Id, traceparent and X-Request-Deadline-Ms (what
 * is left of the caller's patience, in milliseconds) are believed if they are well-formed;
 * at the edge (is_proxy) the first and the last only of proxies.
 *
 * Owns:  the listening socket, connections, exchanges and their tasks' memory.
 * Fails: http_server_open returns ERR_UNAVAILABLE when the address cannot be bound.
 * Loop thread only.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "app/task.h"
#include "base/buf.h"
#include "http/head.h"

struct http_server;
struct crowd;
struct tls_context;
struct app;

struct http_server_options {
	struct app *app;
	const char
		*listen; /* "host:port", "[v6]:port", "unix:/path"; port 0: any free one */
	int fd; /* of listen_open for that address, now the server's; 0: it opens its own */
	/* A whole request has come: answer by reply.h. */
	outcome_t (*serve)(struct task *t);
	/*
	 * The head has come and is sound; may be NULL. Gives the body limit in bytes, or
	 * answers at once by returning false after having replied (unknown route, no token,
	 * too large): `100 Continue` is sent only after it returned true. No waits here.
	 */
	bool (*admit)(struct task *t, size_t *body_max);
	size_t body_max;           /* where admit is NULL or leaves it alone; 0: 256 KiB */
	unsigned connections_max;  /* more are closed at once; 0: 10,000 */
	struct crowd *crowd;       /* limits are for all of it; NULL: for this server */
	unsigned seat;             /* of this process in the crowd */
	unsigned descriptors_max;  /* higher ones are not for clients; 0: all are */
	unsigned per_address_max;  /* connections from one address at a time; 0: no limit */
	unsigned per_address_rate; /* new ones a second from one address; 0: no limit */
	/* At the edge: addresses that these two are not for, and whose ids are believed.
	 * NULL: there are none; everybody's ids are believed. */
	bool (*is_proxy)(struct app *app, struct str peer);
	size_t memory_max;  /* of all requests; of all answers not taken; 0: 64 MiB */
	size_t waiting_max; /* bytes of answers not taken, of a connection; 0: 256 KiB */
	struct head_limits head; /* 0: the greatest of head.h */
	unsigned idle_ms;        /* keep-alive without a request; 0: 60 s */
	struct tls_context *tls; /* NULL: plain */
	unsigned hsts_s;         /* Strict-Transport-Security: max-age; 0: none */
	unsigned handshake_ms;   /* of TLS; 0: 10 s */
	unsigned head_ms;        /* first byte to last byte of a head; 0: 10 s */
	unsigned body_ms;        /* whole body; 0: 60 s */
	unsigned pace_ms;        /* after this, a body must come at that pace; 0: 5 s */
	unsigned pace_bytes;     /* a second, on average: of a body; of answers; 0: 1 KiB */
	unsigned write_ms;       /* answers not taken at that pace for so long; 0: 30 s */
	unsigned linger_ms;      /* reading on after a last answer; 0: 1 s */
	unsigned requests_max;   /* per connection; 0: 10,000 */
	uint64_t *refused; /* counts requests refused for what they were; may be NULL */
	/* When draining, event streams end between two events, with the hint to come back
	 * soon; their handlers are told by task_cancel, as if the client had left. */
	bool hands_streams_over;
};

enum err http_server_open(
	struct loop *loop, const struct http_server_options *o, struct http_server **out);
/* The port that was bound (for port 0); 0 for a unix socket. */
unsigned http_server_port(const struct http_server *s);
/*
 * Stop accepting; answers from now on carry `Connection: close`. A connection without a
 * request is kept for idle_ms: what its client sends meanwhile is still answered. 0: as
 * long as ever. is_last: nobody else has the listening socket open, so that who waits in
 * its queue must be taken now.
 */
void http_server_drain(struct http_server *s, bool is_last, unsigned idle_ms);
/* Answers from now on carry `Connection: close`; it listens on. */
void http_server_keep_no_more(struct http_server *s);
/* The listener is shared with a successor: new connections go there from now on. */
void http_server_yield(struct http_server *s);
/* Requests whose answer is not fully written yet. */
unsigned http_server_in_hand(const struct http_server *s);
unsigned http_server_connections(const struct http_server *s);
/* Requests whose head has come and whose memory is not gone yet. */
unsigned http_server_requests(const struct http_server *s);
/* Bytes of requests that are not answered, and of answers that are not taken. */
size_t http_server_held(const struct http_server *s);
size_t http_server_unsent(const struct http_server *s);
/* Requests refused for what they were (malformed, too slow, too large). */
uint64_t http_server_refused(const struct http_server *s);
/* Closes everything at once; cb(ctx) when the memory is gone. */
void http_server_close(struct http_server **s, void (*cb)(void *ctx), void *ctx);

/* The request of a task. */
struct http_request *http_req(const struct task *t);

/* What became of a request. */
struct http_done {
	int status;           /* 0: the client left before an answer was given */
	uint64_t body_bytes;  /* of the answer, handed to the connection */
	uint64_t duration_us; /* from the whole head to the whole answer */
	bool cut;             /* the answer did not get whole, or the client had left */
};

/* From admit or serve: `done` runs when the request ends, before its memory goes. */
void http_on_done(struct task *t, void (*done)(struct task *t, const struct http_done *d));

#endif
