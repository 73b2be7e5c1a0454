/*
 * upstream - what the two halves of the client share, and nobody else sees: client.c
 * (calls: where they go, when they are given up) and client_conn.c (one connection: its
 * socket, and the call it carries).
 */
#ifndef HTTP_UPSTREAM_H
#define HTTP_UPSTREAM_H

#include "http/client.h"
#include "http/endpoint.h"
#include "http/response.h"

#define UPSTREAM_READ_SIZE (64 << 10)

struct http_upstream {
	struct loop *loop;
	struct endpoints endpoints;
	unsigned connections, connections_max;
	unsigned in_flight;       /* calls sent and not yet done */
	unsigned repeats_left;    /* tenths of a repeat that may be made */
	struct list working;      /* connections being opened or with a call */
	struct list due;          /* connections whose call is to be sent */
	struct list waiting;      /* calls for which there is no connection */
	struct list failed;       /* calls whose on_done is due */
	struct loop_hook later;   /* tells the failed, places the waiting */
	struct loop_hook sending; /* sends what is due */
	struct timer tick;
	bool closing, tick_closed;
	void (*closed)(void *ctx);
	void *closed_ctx;
	char read_space[UPSTREAM_READ_SIZE]; /* of whichever connection is reading */
};

struct client_conn {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct list link; /* in upstream.working, upstream.due or endpoint.idle */
	struct http_upstream *upstream;
	struct endpoint *endpoint;
	struct http_call *call; /* NULL: idle, a probe, or closing */
	bool connected, reading, closing;
	bool writing;      /* a part of the request is still in our hands */
	bool answered;     /* a byte of the answer has come */
	bool decides;      /* the call is the one that its endpoint's breaker waits for */
	bool used;         /* it has carried a call before this one */
	bool due;          /* of its call not a byte is sent yet */
	uint64_t since_ms; /* began to connect, heard the last byte, or became idle */
	uv_connect_t connecting;
	uv_write_t write;
	struct response_reader reader;
};

/* Starts to connect; `call` (NULL: a probe) is sent as soon as that worked. */
void client_conn_open(struct http_upstream *u, struct endpoint *e, struct http_call *call);
/*
 * On an idle connection. It is sent at the end of the turn, after all that has come: bytes
 * before it are no answer to it, and a connection that has ended takes it nowhere. In
 * either case it is placed anew.
 */
void client_conn_send(struct client_conn *conn, struct http_call *call);
void client_conn_send_due(struct http_upstream *u);
/* The call, if any, is let go and told nothing. */
void client_conn_close(struct client_conn *conn);
void client_conn_set_reading(struct client_conn *conn, bool on);
/* Gives it up if connecting, the first byte or the next one takes too long. */
void client_conn_check(struct client_conn *conn, uint64_t now_ms);

/* What a connection tells the upstream: */

/* Finds c a connection, idle or new; else it waits, or fails. */
void upstream_place(struct http_upstream *u, struct http_call *c, struct endpoint *avoid);
/* The call's connection could not be made, or ended without a byte of an answer. */
void upstream_try_again(
	struct http_upstream *u, struct http_call *c, struct endpoint *avoid);
/* c is over: the last that is done with it. */
void upstream_finish(struct http_upstream *u, struct http_call *c, enum err e);
/* A connection became idle, or went away. */
void upstream_conn_free(struct http_upstream *u, struct client_conn *conn);
void upstream_conn_gone(struct http_upstream *u);

#endif
