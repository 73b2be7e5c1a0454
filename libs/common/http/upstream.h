/*
 * upstream - what the two halves of the client share, and nobody else sees: client.c
 * (calls: where they go, when they are given up) and client_conn.c (one connection: its
 * socket, and the call it carries).
 */
#ifndef HTTP_UPSTREAM_H
#define HTTP_UPSTREAM_H

#include "app/sock.h"
#include "http/budget.h"
#include "http/client.h"
#include "http/endpoint.h"
#include "http/response.h"

#define UPSTREAM_READ_SIZE (64 << 10)

struct http_upstream {
	struct loop *loop;
	struct endpoints endpoints;
	unsigned connections, connections_max;
	unsigned in_flight;  /* calls sent and not yet done */
	unsigned connect_ms; /* connecting may take */
	unsigned gap_ms;     /* an answer may pause */
	struct budget repeats;
	struct list working;    /* connections being opened or with a call */
	struct list waiting;    /* calls for which there is no connection */
	struct list failed;     /* calls whose on_done is due */
	struct loop_hook later; /* tells the failed, places the waiting */
	struct timer tick;
	bool closing, tick_closed;
	void (*closed)(void *ctx);
	void *closed_ctx;
	char read_space[UPSTREAM_READ_SIZE]; /* of whichever connection is reading */
};

struct client_conn {
	struct sock sock;
	struct list link; /* in upstream.working or endpoint.idle */
	struct http_upstream *upstream;
	struct endpoint *endpoint;
	struct http_call *call; /* NULL: idle, a probe, or closing */
	bool connected, closing;
	size_t sent;       /* of the request */
	bool writing;      /* the rest of it is still in our hands */
	bool answered;     /* a byte of the answer has come */
	bool streams;      /* the answer is a stream of events, and has begun */
	bool decides;      /* the call is the one that its endpoint's breaker waits for */
	bool used;         /* it has carried a call before this one */
	uint64_t since_ms; /* began to connect, heard the last byte, or became idle */
	struct response_reader reader;
};

/* Starts to connect; `call` (NULL: a probe) is sent as soon as that worked. */
void client_conn_open(struct http_upstream *u, struct endpoint *e, struct http_call *call);
/* On an idle connection; false if that is dead, or not quiet, and took not a byte: it is
 * closed then. */
bool client_conn_send(struct client_conn *conn, struct http_call *call);
/* The call, if any, is let go and told nothing. */
void client_conn_close(struct client_conn *conn);
void client_conn_set_reading(struct client_conn *conn, bool on);
/* Gives it up if connecting, the first byte or the next one takes too long. */
void client_conn_check(struct client_conn *conn, uint64_t now_ms);

/* What a connection tells the upstream: */

/* The call's connection could not be made (why: what the call is told in the end), or ended
 * without a byte of an answer. */
void upstream_try_again(
	struct http_upstream *u, struct http_call *c, struct endpoint *avoid, enum err why);
/* c is over: the last that is done with it. */
void upstream_finish(struct http_upstream *u, struct http_call *c, enum err e);
/* A connection became idle, or went away. */
void upstream_conn_free(struct http_upstream *u, struct client_conn *conn);
void upstream_conn_gone(struct http_upstream *u);

#endif
