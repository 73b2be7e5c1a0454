/*
 * redis_server - a Redis of the test's own: a free port and a Unix socket, nothing on disk.
 *
 * Use:  redis_server_start; connect to url; kill, restart (the same port, empty), freeze,
 * thaw it. What is still running when the test ends is killed, also if the test itself is.
 */
#ifndef TESTS_LIB_REDIS_SERVER_H
#define TESTS_LIB_REDIS_SERVER_H

#include <sys/types.h>

#include "base/str.h"

struct redis_server {
	pid_t pid; /* 0: not running */
	int port;
	char dir[64];       /* of the socket and the log */
	char url[64];       /* redis://127.0.0.1:<port> */
	char unix_url[128]; /* unix://<dir>/s */
	const char *const *options;
};

/* options: further words of the command line, NULL-terminated; may be NULL; borrowed. Ends
 * the process if no server can be started. */
void redis_server_start(struct redis_server *s, const char *const *options);
void redis_server_kill(struct redis_server *s);
void redis_server_restart(struct redis_server *s);
void redis_server_freeze(struct redis_server *s);
void redis_server_thaw(struct redis_server *s);
void redis_server_stop(struct redis_server *s);

/* One command (words without spaces) on a connection of its own, blocking; its raw answer,
 * of which one chunk is read, until the next call. */
struct str redis_server_do(const struct redis_server *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The integer that a command answers; -1 if it answers none. */
long long redis_server_int(const struct redis_server *s, const char *command);

#endif
