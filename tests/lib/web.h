/*
 * web - an HTTP server on a loop in this process, and clients that talk to it over real
 * sockets, as rudely as a test wants.
 *
 * Use:   fill w.o (and w.spec.routes), web_open; client_open, client_say, client_answer;
 *        client_close, web_close. Everything that waits lets the loop turn.
 */
#ifndef TESTS_LIB_WEB_H
#define TESTS_LIB_WEB_H

#include "app/app.h"
#include "http/reply.h"
#include "http/server.h"
#include "tests/lib/turns.h"

struct web {
	struct app app;
	struct app_spec spec;
	struct http_server_options o;
	struct http_server *server;
	bool closed;
};

/* o.app and, if NULL, o.listen are filled in. */
void web_open(struct web *w);
/* Turns the loop until the server's memory is gone. */
void web_close(struct web *w);

struct client {
	struct web *w;
	int fd;
	struct buf got; /* not yet read by client_answer */
	bool eof, reset;
	struct buf head, body; /* of the last answer */
	int status;
};

void client_open(struct client *c, struct web *w);
void client_close(struct client *c);
/* All of it, letting the loop turn meanwhile. */
void client_say(struct client *c, struct str bytes);
#define SAY(c, literal) client_say((c), STR(literal))
/* What has come up to now, into c->got. */
void client_look(struct client *c);
/* Waits for one whole answer; its status. 0: the connection ended before. */
int client_answer(struct client *c);
/* Waits until the server has closed. True if it did so without a reset. */
bool client_sees_end(struct client *c);
/* Whether the last answer's head has this line: "Connection: close". */
bool client_has(const struct client *c, const char *line);
/* The value of a field of the last answer; empty if it has none. */
struct str client_field(const struct client *c, const char *name);

#endif
