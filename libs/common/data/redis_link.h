/*
 * redis_link - a socket to a server, with or without TLS. Bytes only; never blocks.
 *
 * Use:   redis_link_dial; `ready` is called when the socket can be read or written, the
 * first time when it connected or failed to (redis_link_is_up tells); redis_link_secure if
 * TLS is wanted: the handshake then happens within read and write. redis_link_free at any
 * time. Owns:  the socket and its handle. Fails: a negative count, and why[] says it in
 * words.
 */
#ifndef DATA_REDIS_LINK_H
#define DATA_REDIS_LINK_H

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "app/loop.h"
#include "base/str.h"

#define REDIS_WHY_SIZE 160

struct redis_link {
	uv_poll_t poll;
	int events; /* what is waited for */
	int fd;
	SSL *ssl;                 /* NULL: plain */
	bool write_first;         /* TLS wants to write before it can go on */
	char why[REDIS_WHY_SIZE]; /* the last failure */
	void (*ready)(struct redis_link *l, int events);
	void *owner;
};

/* NULL if the dialling failed at once, with the reason in why[REDIS_WHY_SIZE]. */
struct redis_link *redis_link_dial(struct loop *loop, const struct sockaddr *to,
	socklen_t len, void (*ready)(struct redis_link *l, int events), void *owner,
	char *why);
bool redis_link_is_up(struct redis_link *l);
/* The certificate must be good for `host`, by the authorities of `tls`. */
void redis_link_secure(struct redis_link *l, SSL_CTX *tls, const char *host);

/* Bytes moved; 0: not now; -1: the link is of no more use. */
ssize_t redis_link_read(struct redis_link *l, char *into, size_t size);
ssize_t redis_link_write(struct redis_link *l, struct str bytes);
/* Always waits to read; to write as well if bytes are left that the socket did not take. */
void redis_link_await(struct redis_link *l, bool bytes_left);
void redis_link_free(struct redis_link **l);

/* Verifies peers by the system's authorities (or SSL_CERT_FILE, SSL_CERT_DIR); TLS 1.2 or
 * newer. */
SSL_CTX *redis_tls_new(void);

#endif
