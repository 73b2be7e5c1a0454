/*
 * tls - the TLS side of one connection, between bytes and bytes: what came from the socket
 * goes in, what is to be sent comes out; no socket, no loop.
 *
 * OpenSSL reads straight from the server's read buffer and writes straight to `out`.
 *
 * Use:   tls_new; tls_give the bytes that came, tls_read until it has no more (all of them
 *        are then taken); tls_write; what stands in `out` is to be sent. tls_free.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "http/tls_context.h"

#define TLS_NAMES_MAX       16
#define TLS_KEY_UPDATES_MAX 32 /* by 1.3, of a client, on a connection */

struct tls_context {
	SSL_CTX *ctx[TLS_NAMES_MAX];
	unsigned count;
	struct ticket_ring *ring;
};

struct tls {
	SSL *ssl;
	struct str in;  /* came, not taken; within a call of tls_read only */
	struct buf out; /* to be sent */
	bool ended;     /* close_notify is among it, or was sent */
	bool overdone;  /* the client has changed its keys too often */
	unsigned key_updates;
};

enum { TLS_MORE = 0, TLS_END = -1, TLS_BROKEN = -2 };

struct tls *tls_new(struct tls_context *context);
void tls_free(struct tls **t);
void tls_give(struct tls *t, struct str bytes);
/* How many bytes of plain text; TLS_MORE: it needs more; TLS_END: the client has said that
 * it sends no more; TLS_BROKEN: an alert may stand in `out`; also when it has changed its
 * keys more than TLS_KEY_UPDATES_MAX times, which costs us far more than it. */
int tls_read(struct tls *t, char *into, size_t room);
bool tls_is_established(const struct tls *t);
/* False if the connection is broken. */
bool tls_write(struct tls *t, struct str plain);
/* close_notify, once. */
void tls_end(struct tls *t);
/* A client that asked for a name may speak of that one, or of another that the certificate
 * it was shown is for. */
bool tls_covers(const struct tls *t, struct str host);

#endif
