/*
 * conn - one client's connection: bytes in, requests one after the other, answers out.
 *
 * Owns:  its socket, what has come and is not eaten, what is to be sent. Idle, it holds no
 *        buffer at all. Closed by itself; server.c only opens and ticks it.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "app/sock.h"
#include "http/exchange.h"
#include "http/peers.h"

enum conn_state {
	CONN_HANDSHAKE, /* TLS: handshake_ms runs */
	CONN_HEAD,      /* a head is awaited or partly there: idle, or head_ms runs */
	CONN_BODY,      /* its body is awaited: body_ms and the pace run */
	CONN_SERVING,   /* the handler runs; further bytes wait */
	CONN_LINGER,    /* the last answer is given: written, half-closed, input dropped */
	CONN_CLOSING,   /* uv_close was called */
};

struct tls;

struct conn {
	struct sock sock;
	struct http_server *server;
	struct tls *tls; /* NULL: plain */
	struct list link, dirty;
	struct http_exchange *x; /* from the whole head to the whole answer */
	struct head_scan scan;
	struct buf pending; /* came, not eaten */
	struct buf out;     /* to be written at the end of the turn */
	struct buf sending; /* what the kernel would not take at once, */
	size_t sent;        /* and has taken since */
	enum conn_state state;
	unsigned requests;
	uint64_t since_ms; /* when the state, or the head, began */
	uint64_t moved_ms; /* when writing last was fast enough, or began */
	size_t moved_left; /* what was left to write then */
	size_t unsent;     /* of server.unsent */
	bool began;        /* the first byte of a head has come */
	bool eating;       /* bytes of requests are being looked at */
	bool eof;          /* the client will send no more */
	bool shut;         /* we will send no more */
	bool counted;      /* at `where` */
	struct peer where;
	char peer[PEER_SIZE];
};

/* From exchange_end: c->x has its answer. */
void conn_answered(struct conn *c);
/* The one answer to a request that breaks the rules; nothing after it is read. */
void conn_refuse(struct conn *c, const struct refusal *no);
/* Bytes of requests have come. */
void conn_take(struct conn *c, struct str bytes);
/* The client sends no more. A handler that waits is told; what it still says is sent. */
void conn_end_of_input(struct conn *c);
/* Goes on with what waits, if it may now. */
void conn_resume(struct conn *c);
void conn_set_state(struct conn *c, enum conn_state state);
/* Nothing of the next head has come. */
void conn_await_head(struct conn *c);
/* The client takes what it is answered: requests go on. */
bool conn_has_room(const struct conn *c);
void conn_on_readable(struct sock *sock);
/* Reads, or does not, as the state asks for. */
void conn_settle_reading(struct conn *c);
/* c->x's stream was ended between two events; its handler is told. */
void conn_hand_over(struct conn *c);

/* ---- conn_memory.c ---- */

/* More of c->x's request is held; none of it any more. */
void conn_hold(struct conn *c, size_t bytes);
void conn_let_go(struct conn *c);
/* The same for its head: NULL, or it must be refused. */
const struct refusal *conn_hold_head(struct conn *c, size_t len);
/* Refuses what is too much; current: the connection that is just being read, or NULL. */
void conn_limit_requests(struct http_server *s, struct conn *current);
/* After c was written to. */
void conn_note_unsent(struct conn *c);
/* At the end of a turn: closes what is too much. */
void conn_limit_answers(struct http_server *s);

/* ---- conn_tls.c ---- */

/* What came is opened and taken. */
void conn_tls_take(struct conn *c, struct str bytes);
/* What is to be sent, sealed; NULL: the connection is broken. */
struct buf *conn_tls_seal(struct conn *c);

/* ---- reply_stream.c ---- */

/* Ends a stream of events, if it is between two of them: false if not. */
bool stream_end_early(struct http_exchange *x);

/* ---- conn_life.c ---- */

/* Takes one that was accepted. */
void conn_adopt(struct http_server *s, int fd);
/* The tick: closes or refuses what is too slow. */
void conn_check_time(struct conn *c, uint64_t now_ms);
/* At once; a handler that still waits is told by task_cancel. */
void conn_close(struct conn *c);

/* ---- conn_write.c ---- */

/* Where answers are put; conn_dirty afterwards. */
struct buf *conn_out(struct conn *c);
void conn_dirty(struct conn *c);
/* An empty buffer gets memory that the server has to spare, and gives it back. */
void conn_borrow(struct http_server *s, struct buf *b);
void conn_give_back(struct http_server *s, struct buf *b);
size_t conn_waiting(const struct conn *c);
/* Memory that what waits takes. */
size_t conn_buffered(const struct conn *c);
/* Writes what there is now, without waiting for the end of the turn. */
void conn_flush(struct conn *c);
/* The end of the turn: flushes every dirty connection. */
void conn_flush_all(struct http_server *s);
/* There is room for more of what was not taken at once. */
void conn_on_writable(struct sock *sock);
void conn_write_fini(struct conn *c);

#endif
