/*
 * process - one of our binaries, started by a test: from ../bin beside the test itself,
 * with an environment of its own, serving on Unix sockets in a directory of its own.
 *
 * Use:  process_start; process_ready; talk (talk.h) on p.socket; process_stop. What still
 * runs when the test ends is killed, also if the test itself is.
 */
#ifndef TESTS_LIB_PROCESS_H
#define TESTS_LIB_PROCESS_H

#include <sys/types.h>

#include "base/arena.h"

struct process {
	pid_t pid;    /* 0: not running */
	char dir[48]; /* of the sockets and the log */
	int port; /* set before the start: it serves there on 127.0.0.1, not on a socket */
	char socket[80]; /* LISTEN: a path, or 127.0.0.1:port */
	char admin[80];  /* ADMIN_LISTEN */
	char log[80];    /* what it wrote on standard output and error */
};

/* env: "NAME=value", NULL-terminated, beside PATH, LISTEN and ADMIN_LISTEN. Ends the test
 * program if the binary is not there. */
void process_start(struct process *p, const char *name, const char *const *env);
/* True when /readyz says so; false after 20 s, or when it has ended. */
bool process_ready(struct process *p);
/* SIGTERM, and its exit code; -1 if it had to be killed after 20 s, or died of a signal. */
int process_stop(struct process *p);
/* Runs `name word...` to its end; its exit code, and in *said (may be NULL) what it wrote.
 */
int process_run(const char *name, const char *const *words, const char *const *env,
	struct arena *a, struct str *said);
/* All that it has logged so far. */
struct str process_log(const struct process *p, struct arena *a);

#endif
