/*
 * intrude - another process is made to call the kernel, as whoever took it over would make
 * it: what it may do is asked of itself, not of one that is like it.
 *
 * Use:   intrude_begin stops its first thread, between two calls or within one that waits;
 *        intrude_call any number of times; intrude_end lets it go on as if nothing had
 * been. Fails: where this may not be done (only root may, the processes forbid it to
 * others), or on a machine that is not known here.
 */
#ifndef TESTS_LIB_INTRUDE_H
#define TESTS_LIB_INTRUDE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

struct intrusion {
	pid_t pid;
	struct user_regs_struct before;
};

/* False: it cannot be done here, and the process goes on. */
bool intrude_begin(struct intrusion *i, pid_t pid);
/* The result, or -errno. text is put into its memory and is the argument of that number;
 * NULL: all five are numbers. */
long intrude_call(struct intrusion *i, long call, const long arguments[5], int text_at,
	const char *text);
void intrude_end(struct intrusion *i);

#endif
