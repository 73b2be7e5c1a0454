/*
 * redis_url - the parts of a REDIS_URL.
 */
#ifndef DATA_REDIS_URL_H
#define DATA_REDIS_URL_H

#include "base/arena.h"

struct redis_url {
	bool tls;         /* rediss:// */
	const char *path; /* of a Unix socket; NULL: host and port */
	const char *host; /* a name, or an address without brackets */
	unsigned port;
	struct str user, password; /* decoded; empty: none */
	unsigned db;
};

/* NULL and *out (strings in the arena), or what is wrong with it: static text. */
const char *redis_url_parse(struct arena *a, struct str url, struct redis_url *out);

#endif
