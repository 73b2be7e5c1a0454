/*
 * process - one of our binaries, started by a test: from ../bin beside the test itself,
 * with an environment of its own, serving on Unix sockets in a directory of its own.
 *
 * Use:  process_start; process_ready; ask (ask.h) on p.socket; process_stop. What still
 * runs when the test ends is killed, also if the test itself is.
 */
#ifndef TESTS_LIB_PROCESS_H
#define TESTS_LIB_PROCESS_H

#include <sys/types.h>

#include "base/arena.h"

struct process {
	pid_t pid;       /* 0: not running */
	char dir[48];    /* of the sockets and the log */
	char socket[80]; /* LISTEN */
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
/* Runs `name word...` to its end; its exit code. words: NULL-terminated. */
int process_run(const char *name, const char *const *words, const char *const *env);
/* All that it has logged so far. */
struct str process_log(const struct process *p, struct arena *a);

#endif
