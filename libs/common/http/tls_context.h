/*
 * tls_context - what a TLS listener shows: certificates with their keys, and the rules.
 *
 * TLS 1.3, or 1.2 with ECDHE and an AEAD; X25519, P-256, P-384; http/1.1 by ALPN; no
 * renegotiation, no compression, no early data. Sessions are resumed by tickets, whose keys
 * all workers have, and by TLS 1.3 all gateways (secure/tickets.h). Of several certificates
 * the first that has the name which the client asks for is shown, else the first of all.
 *
 * Use:   tls_context_new where the files can be read; tls_context_share in each worker.
 * Fails: NULL, and one line per problem: no such file, key of another certificate, out of
 *        date, a key that everyone may read.
 */
#ifndef HTTP_TLS_CONTEXT_H
#define HTTP_TLS_CONTEXT_H

#include "base/buf.h"
#include "secure/tickets.h"

struct tls_context;

/* PEM files, the chain behind its certificate; several separated by commas, keys in the
 * same order. */
struct tls_context *tls_context_new(
	const char *certificates, const char *keys, struct buf *problems);
void tls_context_free(struct tls_context **t);
/* The ring is borrowed. Without one there are no tickets. */
void tls_context_share(struct tls_context *t, struct ticket_ring *ring);

#endif
