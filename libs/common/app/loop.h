/*
 * loop - the process's one loop: libuv's, and the sockets of sock.h beside it, with work
 * put off to the end of the current turn.
 *
 * A turn is one round of I/O callbacks. What several of them want to do together - one
 * write for many replies, one SQL statement for many messages - is put off by loop_defer
 * and runs once, after the last callback of the turn and before the loop sleeps again.
 *
 * Where HTTP is spoken, sockets are most of what happens. libuv watches level-triggered:
 * the kernel looks at every socket that had something once more in the next turn, and
 * reading on and off are system calls. So the loop sleeps in an epoll set of its own, in
 * which libuv's is one entry (uv_backend_fd), and libuv takes its turn when that has
 * something, or when a timer is due.
 *
 * Use:   loop_init; open things on &loop->uv, and socks; loop_run returns when nothing is
 * open any more. Loop thread only.
 */
#ifndef APP_LOOP_H
#define APP_LOOP_H

#include <sys/epoll.h>
#include <uv.h>

#include "base/list.h"

#define LOOP_EVENTS 256 /* taken at a time */

struct loop {
	uv_loop_t uv;
	uv_check_t after_poll;
	int epoll;
	unsigned socks;       /* open */
	struct list deferred; /* struct loop_hook.link */
	struct list readable; /* struct sock.link: with bytes left to be read */
	struct list gone;     /* struct sock.link: closed, and not told yet */
	struct epoll_event events[LOOP_EVENTS];
};

/* Embedded in whatever wants to run at the end of the turn; zero-initialised is valid. */
struct loop_hook {
	struct list link;
	void (*run)(struct loop_hook *hook);
	bool queued;
};

void loop_init(struct loop *loop);
void loop_run(struct loop *loop);
/* One turn; with `wait` it sleeps until there is something to do. */
void loop_turn(struct loop *loop, bool wait);
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
