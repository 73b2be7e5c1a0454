/*
 * edge - settings of a process that faces the outside: how many workers, what a connection
 * may take, TLS.
 *
 * Limits are those of security-requirements 2. Connections are counted by all workers
 * and listeners together (http/crowd.h).
 */
#ifndef APP_EDGE_H
#define APP_EDGE_H

#include "app/settings.h"

struct app;
struct http_server_options;
struct ticket_ring;
struct tls_context;

struct edge {
	int64_t workers;   /* 0: one per processor */
	int64_t retire_ms; /* how long a replaced worker may go on with its streams */
	int64_t hang_ms;   /* how long a worker may be silent; 0: for ever */
	int64_t connections, per_address, per_address_rate;
	int64_t line_bytes, head_bytes, head_fields;
	int64_t head_ms, body_ms, idle_ms, write_ms;
	int64_t pace_bytes;      /* a second */
	int64_t write_buffer_kb; /* of a connection */
	int64_t requests;        /* per connection */
	int64_t memory_mb;
	const char *tls_listen, *tls_certificates, *tls_keys;
	const char *ticket_secret; /* NULL: from SECRET_KEY, if there is one */
	int64_t handshake_ms, hsts_s;
	struct tls_context *tls; /* NULL without tls_listen */
};

extern const struct setting edge_settings[];
/* After edge_settings were read: one line per problem. */
void edge_check(struct app *app, struct buf *problems);
void edge_fini(struct edge *e);
/* Keys of tickets that all gateways have, if the settings give a secret for them. */
void edge_share_tickets(const struct app *app, struct ticket_ring *ring);
/* Into the options of a public listener. */
void edge_options(const struct app *app, struct http_server_options *o);

#endif
