/*
 * acceptor - takes connections from a listening socket, which other processes may have
 * open, too: not more in one turn of the loop than is fair to them and to the connections
 * that are there already.
 *
 * Owns:  the socket; and one descriptor to spare, so that when there are no more the
 *        clients that wait are turned away rather than left to wait. Nothing is taken for
 *        a moment then, and the loop does not spin.
 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "app/loop.h"

/* After a connection: go on, or leave those that wait to others. */
enum acceptor_next { ACCEPT_MORE, ACCEPT_LATER, ACCEPT_AFTER_REST };

struct acceptor {
	uv_poll_t poll;
	struct timer rest;
	int fd, spare;
	int fd_max;        /* numbers from here on are not for clients; 0: all are */
	bool is_short;     /* of descriptors: it rests */
	uint64_t short_ms; /* when it last was */
	unsigned handles;
	enum acceptor_next (*on_connection)(struct acceptor *a, int fd);
	void (*on_closed)(struct acceptor *a);
};

/* 0, or libuv's error and the socket is closed. on_closed follows acceptor_close. */
int acceptor_open(struct acceptor *a, struct loop *loop, int fd);
/* All that wait, whatever on_connection says. */
void acceptor_empty(struct acceptor *a);
void acceptor_close(struct acceptor *a);

#endif
