/*
 * loop - the process's one libuv loop, with work put off to the end of the current turn.
 *
 * A turn is one round of I/O callbacks. What several of them want to do together - one
 * write for many replies, one SQL statement for many messages - is put off by loop_defer
 * and runs once, after the last callback of the turn and before the loop sleeps again.
 *
 * Use:   loop_init; open things on &loop->uv; loop_run returns when nothing is open any
 * more. Loop thread only, but for loop_post.
 */
#ifndef APP_LOOP_H
#define APP_LOOP_H

#include <uv.h>

#include "base/list.h"

struct loop {
	uv_loop_t uv;
	struct list deferred; /* struct loop_hook.link */
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	uv_idle_t awake; /* active while something is deferred, so that the poll does not
			    sleep */
};

/* Embedded in whatever wants to run at the end of the turn; zero-initialised is valid. */
struct loop_hook {
	struct list link;
	void (*run)(struct loop_hook *hook);
	bool queued;
};

void loop_init(struct loop *loop);
void loop_run(struct loop *loop);
void loop_fini(struct loop *loop);

/*
 * Runs hook->run once at the end of this turn. Asked again before that: still once. Hooks
 * run in the order they were put off; one that is put off meanwhile runs in the same turn.
 */
void loop_defer(struct loop *loop, struct loop_hook *hook);
void loop_hook_cancel(struct loop_hook *hook);

/*
 * timer - one deadline. Embed, timer_open once, timer_start as often as needed (a running
 * timer is moved), timer_close before the memory goes: the memory stays until `closed` is
 * called.
 */
struct timer {
	uv_timer_t uv;
	void (*fired)(struct timer *t);
	void (*closed)(struct timer *t);
};

void timer_open(struct loop *loop, struct timer *t, void (*fired)(struct timer *t));
/* Fires after wait_ms, then every repeat_ms if that is not 0. */
void timer_start(struct timer *t, uint64_t wait_ms, uint64_t repeat_ms);
void timer_stop(struct timer *t);
bool timer_is_running(const struct timer *t);
void timer_close(struct timer *t, void (*closed)(struct timer *t)); /* closed may be NULL */

#endif
