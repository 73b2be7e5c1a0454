/*
 * peer - the other end of a connection, as bad as a test wants it: a raw TCP server on the
 * test's own loop that says exactly the bytes it is told to.
 *
 * Use:   peer_open with a handler; it runs for every whole HTTP request that came (head
 *        and Content-Length body, left in c->request) and answers by the verbs below, or
 *        not at all. test_until to let the loop turn; peer_close before loop_fini.
 */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include "app/loop.h"
#include "base/buf.h"

struct peer;

struct peer_conn {
	struct peer *peer;
	struct list link;
	uv_tcp_t tcp;
	struct buf in;      /* all that came and belongs to no finished request */
	struct str request; /* the request that the handler runs for */
	unsigned requests;  /* on this connection, this one included */
	struct buf slow;    /* still to be said, a byte at a time */
	struct timer pace;
	bool paced, hang_up; /* after the last slow byte */
	int handles;
	char read_space[4096];
};

struct peer {
	struct loop *loop;
	uv_tcp_t listener;
	void (*on_request)(struct peer_conn *c);
	void *ctx; /* the test's */
	struct list conns;
	unsigned accepted, open, requests;
	bool closing, closed;
};

/* port 0: any free one. */
struct peer *peer_open(
	struct loop *loop, unsigned port, void (*on_request)(struct peer_conn *c));
unsigned peer_port(const struct peer *p);
const char *peer_url(const struct peer *p); /* "http://127.0.0.1:port"; static memory */
void peer_close(struct peer **p);           /* turns the loop until all is closed */

void peer_say(struct peer_conn *c, struct str bytes);
void peer_say_slowly(struct peer_conn *c, struct str bytes, bool then_hang_up);
void peer_hang_up(struct peer_conn *c); /* FIN after what was said */
void peer_reset(struct peer_conn *c);   /* RST */
void peer_stop_reading(struct peer_conn *c);

/* Turns the loop until `*flag` or ten seconds have passed; returns *flag. */
bool test_until(struct loop *loop, const bool *flag);
/* The same for fn(ctx). */
bool test_until_fn(struct loop *loop, bool (*fn)(void *ctx), void *ctx);
/* Turns the loop for about that long, whatever happens. */
void test_turn(struct loop *loop, uint64_t ms);

#endif
