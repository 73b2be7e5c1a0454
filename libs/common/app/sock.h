/*
 * sock - a stream socket on the loop, watched edge-triggered (epoll(7)): the kernel tells
 * once that bytes have come, or room for them, and the socket remembers it until a read or
 * a write has found the end of it. So a request that comes and is answered costs its reads
 * and its writes, and no other system call.
 *
 * Use:   sock_open with a connected, non-blocking descriptor, or sock_connect; then
 *        sock_set_reading. Events come from the loop: `readable`, which has to sock_read
 *        once; `writable`, after a sock_write that did not take all; `connected`, once.
 *        sock_close from anywhere; the memory stays until `closed`, at the turn's end.
 * Owns:  the descriptor.
 * Loop thread only.
 */
#ifndef APP_SOCK_H
#define APP_SOCK_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "app/loop.h"

struct sock;

struct sock_events {
	void (*readable)(struct sock *s);
	void (*writable)(struct sock *s);
	void (*connected)(struct sock *s, int error); /* errno; 0: it is */
	void (*closed)(struct sock *s);
};

struct sock {
	const struct sock_events *on;
	struct loop *loop;
	struct list link; /* in loop.readable or loop.gone */
	int fd;           /* -1: none */
	bool is_open, connecting, reading;
	bool has_bytes; /* a read may bring something */
	bool has_ended; /* the other side is gone: reads go on until one says so */
	bool is_full;   /* the kernel takes no more now */
};

enum { SOCK_NOTHING = 0, SOCK_END = -1, SOCK_BROKEN = -2 };

void sock_open(struct sock *s, struct loop *loop, int fd, const struct sock_events *events);
/* 0 or errno; after an error, too, the socket is open and has to be closed. */
int sock_connect(struct sock *s, struct loop *loop, const struct sockaddr *to,
	socklen_t len, const struct sock_events *events);
void sock_close(struct sock *s);
void sock_set_reading(struct sock *s, bool on);
/* How many bytes; SOCK_NOTHING: none now; SOCK_END: no more will come; SOCK_BROKEN. */
ssize_t sock_read(struct sock *s, char *into, size_t room);
/* How many bytes were taken, 0 to all; SOCK_BROKEN. */
ssize_t sock_write(struct sock *s, const struct iovec *parts, unsigned count);

/* Nothing has come that was not read, nor the end: as far as this turn's look tells. */
static inline bool sock_is_silent(const struct sock *s)
{
	return !s->has_bytes && !s->has_ended;
}
/* The same, asking the kernel, which may know more than this turn has heard. */
bool sock_is_still_silent(const struct sock *s);

/* ---- for loop.c ---- */

void sock_note(struct sock *s, uint32_t events);
void sock_happened(struct sock *s, uint32_t events);
/* Those with bytes left from an earlier turn, or read again after a pause. */
void sock_serve_readable(struct loop *loop);
/* Tells `closed` to all that are; false: there were none. */
bool sock_bury(struct loop *loop);

#endif
