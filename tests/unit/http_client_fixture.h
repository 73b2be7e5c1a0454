/*
 * http_client_fixture - calls that note all that they are told, and a peer that says what a
 * test wants.
 *
 * Use:   start with what the peer answers (it changes by `answer` and its like); ask, then
 *        test_until; stop.
 */
#ifndef TESTS_UNIT_HTTP_CLIENT_FIXTURE_H
#define TESTS_UNIT_HTTP_CLIENT_FIXTURE_H

#include "http/client.h"
#include "tests/lib/peer.h"
#include "tests/lib/test.h"

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define GET   "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

extern struct loop client_loop;

/* A call and all that it was told. */
struct asked {
	struct http_call call;
	struct buf body;
	int status;
	int64_t length;
	unsigned heads, pieces, dones;
	bool done;
	enum err e;
	char type[64]; /* Content-Type, read in on_done */
	bool cancel_in_head, cancel_in_body, pause_in_body;
	struct http_call *then; /* sent from on_done */
	struct http_upstream *upstream;
	const struct http_response *response;
};

extern const struct http_call_events asked_events;

void ask(struct http_upstream *u, struct asked *a, const char *head);
void asked_fini(struct asked *a);
/* A call of its own, to its end. */
enum err ask_once(struct http_upstream *u);

/* ---- what the peer says ---- */

extern const char *answer;        /* to every request; NULL: nothing */
extern const char *second_answer; /* to the second and later ones, if set */
extern bool then_hang_up, slowly, reset_second;
extern struct peer_conn *last_conn;
extern unsigned requests_of_last; /* on that connection, which may be gone */

void say_answer(struct peer_conn *c);
struct peer *start(const char *text);
void close_upstream(struct http_upstream **u);
/* Either may be NULL by now. */
void stop(struct peer **p, struct http_upstream **u);

#endif
