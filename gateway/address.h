/*
 * address - who a request comes from: the other end of the connection, or what a trusted
 * proxy says about it. The one place that knows; limits, logs and services get its answer.
 *
 * Use:  networks_parse once; address_of_client per request.
 */
#ifndef GATEWAY_ADDRESS_H
#define GATEWAY_ADDRESS_H

#include "base/arena.h"
#include "http/http.h"

#define NETWORKS_MAX 32

/* IPv4 addresses are kept as ::ffff:a.b.c.d. */
struct network {
	uint8_t bytes[16];
	unsigned bits; /* that must be equal */
};

struct networks {
	struct network list[NETWORKS_MAX];
	size_t count;
	bool local; /* whoever comes by a Unix socket, too */
};

/* "10.0.0.0/8, ::1, unix"; NULL is the empty list. False if it is none, or too long. */
bool networks_parse(const char *text, struct networks *out);
bool networks_hold(const struct networks *n, struct str address);

/* The 16 bytes of an address; false if it is none. */
bool address_parse(struct str text, uint8_t out[16]);

/*
 * The address of the client: the first one, from the right of X-Forwarded-For, that is not
 * a trusted proxy's; the peer's own if the peer is none. As text, IPv4 in its usual form.
 */
struct str address_of_client(
	const struct networks *trusted, const struct http_request *r, struct arena *a);

#endif
