/*
 * talk - one HTTP request to a Unix socket (or "127.0.0.1:port"), blocking, and its answer.
 *
 * Use:  r = talk(&arena, socket, &(struct talk){ .path = "/x", .body = "{}" });
 *       many at once: talk_send for each, then talk_read for each.
 * A connection per request. The answer lives in the arena.
 */
#ifndef TESTS_LIB_TALK_H
#define TESTS_LIB_TALK_H

#include "json/read.h"

struct talk {
	const char *method; /* NULL: GET, or POST with a body */
	const char *path;
	const char *token;   /* for Authorization: Bearer; NULL: none */
	const char *body;    /* NULL: none */
	const char *type;    /* of the body; NULL: application/json */
	const char *headers; /* further lines, each ended by CRLF; NULL: none */
};

struct answer {
	int status;      /* 0: no whole answer came */
	struct str head; /* status line and fields */
	struct str body;
	const struct json *json; /* NULL: the body is none */
};

struct answer talk(struct arena *a, const char *socket, const struct talk *q);
int talk_send(const char *socket, const struct talk *q); /* a file descriptor, or -1 */
struct answer talk_read(struct arena *a, int fd);        /* closes it */

struct str answer_header(const struct answer *r, struct str name);
/* A member of the JSON answer that is a string; "" if there is none. */
struct str answer_str(const struct answer *r, const char *path);
/* The same, zero-terminated. */
const char *answer_z(struct arena *a, const struct answer *r, const char *path);

#endif
