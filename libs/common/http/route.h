/*
 * route - the routes table of a service, and finding the row for a request. `<process>
 * routes` prints it: what the gateway publishes is held against it (tests/e2e/routes).
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "app/task.h"
#include "base/buf.h"
#include "http/http.h"

enum route_auth {
	ROUTE_USER = 0, /* needs a valid access token; t->caller is set. The default, on
			   purpose */
	ROUTE_TICKET,   /* the same, or GET with `?ticket=` and no Authorization: t->caller
			   is not set then, the handler redeems the ticket */
	ROUTE_PUBLIC,   /* no token asked */
	ROUTE_HOOK,     /* authenticated by its own signature over the raw body */
};

/* What a row that names none gets: 4 KiB, for clients that send a body where none is
 * expected. */
#define ROUTE_BODY_MAX    (4u << 10)
#define ROUTE_DEADLINE_MS 30000

typedef outcome_t handler_fn(struct task *t);

struct route {
	enum http_method method;
	const char
		*pattern; /* "/chatroom/{id}/message": {name} stands for one path segment */
	handler_fn *handler;
	enum route_auth auth;
	size_t body_max;      /* bytes; 0: ROUTE_BODY_MAX */
	unsigned deadline_ms; /* for the whole request; 0: ROUTE_DEADLINE_MS */
};

/* A trailing slash names the same resource. `params` gets the segments that {..} matched.
 */
const struct route *route_find(const struct route *table, enum http_method m,
	struct str path, struct str params[HTTP_PATH_PARAMS]);

/* Methods that the table has for this path ("GET, POST") into out; empty: no such path. */
void route_allowed(const struct route *table, struct str path, char *out, size_t size);

/* "user", "ticket", "public", "hook". */
const char *route_auth_name(enum route_auth auth);
/* A line of names, then one per row; "-" where no body is expected. */
void route_print(const struct route *table, struct buf *out);
/* A number of a row, in a column of that width; 0: "-". */
void route_print_number(struct buf *out, int width, size_t number);

#endif
