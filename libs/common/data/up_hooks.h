/*
 * up_hooks - who wants to know of every (re)connect, each told once per connect.
 *
 * One that is added while the connection is up is told at the end of the turn.
 */
#ifndef DATA_UP_HOOKS_H
#define DATA_UP_HOOKS_H

#include "app/loop.h"

struct up_hooks {
	struct list all;
	struct loop *loop;
	struct loop_hook later;
	bool up;
};
void up_hooks_init(struct up_hooks *h, struct loop *loop);
void up_hooks_add(struct up_hooks *h, void (*fn)(void *ctx), void *ctx);
void up_hooks_up(
	struct up_hooks *h); /* tells those who were not told since the last down */
void up_hooks_down(struct up_hooks *h);
void up_hooks_hold(
	struct up_hooks *h); /* not down, but nobody is told before the next up */
void up_hooks_forget(struct up_hooks *h, void *ctx); /* those of this ctx */
void up_hooks_fini(struct up_hooks *h);

#endif
