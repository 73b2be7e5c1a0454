/*
 * server - HTTP/1.1 on libuv and llhttp: connections in, whole checked requests out to a handler.
 *
 * The head of each request is collected and checked by head.c before llhttp sees it
 * (shared rules: RFC 9112, and security-requirements 1 and 2 as tests/unit/http_*_test.c
 * spell them out). A request is given to `serve` when its last byte has arrived; it runs as a
 * task whose t->http is the exchange. Pipelined requests are answered in order.
 *
 * Owns:  the listening socket, connections, exchanges and their tasks' memory.
 * Fails: http_server_open returns ERR_UNAVAILABLE when the address cannot be bound.
 * Loop thread only.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "app/task.h"
#include "base/buf.h"
#include "http/http.h"

struct http_server;
struct app;

struct http_server_options {
	struct app *app;
	const char *listen; /* "host:port", "[v6]:port", "unix:/path"; port 0: any free one */
	/* A whole request has come: answer by reply.h. */
	outcome_t (*serve)(struct task *t);
	/*
	 * The head has come and is sound; may be NULL. Gives the body limit in bytes, or answers at
	 * once by returning false after having replied (unknown route, no token, too large):
	 * `100 Continue` is sent only after it returned true.
	 */
	bool (*admit)(struct task *t, size_t *body_max);
	size_t body_max;          /* where admit is NULL; 0: 256 KiB */
	unsigned connections_max; /* 0: 10,000 */
	unsigned idle_ms;         /* keep-alive without a request; 0: 60 s */
	unsigned head_ms;         /* first byte to last byte of a head; 0: 10 s */
	unsigned body_ms;         /* whole body; 0: 60 s */
	unsigned write_ms;        /* a write without progress; 0: 30 s */
};

enum err http_server_open(struct loop *loop, const struct http_server_options *o,
	struct http_server **out);
/* The port that was bound (for port 0). */
unsigned http_server_port(const struct http_server *s);
/* Stop accepting; answers from now on carry `Connection: close`; idle connections end after a
 * short grace. */
void http_server_drain(struct http_server *s);
/* Requests whose answer is not fully written yet. */
unsigned http_server_in_hand(const struct http_server *s);
unsigned http_server_connections(const struct http_server *s);
/* Closes everything at once; cb(ctx) when the memory is gone. */
void http_server_close(struct http_server **s, void (*cb)(void *ctx), void *ctx);

/* The request of a task. */
struct http_request *http_req(const struct task *t);

#endif
