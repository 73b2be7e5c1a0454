#include "app/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/sock.h"

static void run_deferred(struct loop *loop)
{
	struct list *link;

	while ((link = list_pop(&loop->deferred))) {
		struct loop_hook *hook = container_of(link, struct loop_hook, link);

		hook->queued = false;
		hook->run(hook);
	}
}

/* Before libuv tells what was closed: hooks may still speak of it. */
static void on_after_poll(uv_check_t *h)
{
	run_deferred(h->data);
}

/* ---- a turn ---- */

/* Its callbacks are due, or it has not told its epoll set yet what to watch. */
static bool uv_is_due(struct loop *loop)
{
	return uv_loop_alive(&loop->uv) && uv_backend_timeout(&loop->uv) == 0;
}

static int patience_ms(struct loop *loop)
{
	if (!list_empty(&loop->deferred) || !list_empty(&loop->readable) ||
		!list_empty(&loop->gone))
		return 0;
	if (uv_loop_alive(&loop->uv))
		return uv_backend_timeout(&loop->uv);
	return loop->socks ? -1 : 0;
}

/* All of it is noted before any of it is told: who is told of one may ask another. */
static void note_events(struct loop *loop, int n)
{
	for (int i = 0; i < n; i++) {
		if (loop->events[i].data.ptr)
			sock_note(loop->events[i].data.ptr, loop->events[i].events);
	}
}

/* Whether libuv's set is among those with something. */
static bool take_events(struct loop *loop, int n)
{
	bool uv = false;

	for (int i = 0; i < n; i++) {
		struct epoll_event *e = &loop->events[i];

		if (e->data.ptr)
			sock_happened(e->data.ptr, e->events);
		else
			uv = true;
	}
	return uv;
}

void loop_turn(struct loop *loop, bool wait)
{
	int n;
	bool uv;

	n = epoll_wait(
		loop->epoll, loop->events, LOOP_EVENTS, wait ? patience_ms(loop) : 0);
	uv_update_time(&loop->uv);
	note_events(loop, n);
	sock_serve_readable(loop);
	uv = take_events(loop, n);
	if (uv || uv_is_due(loop))
		uv_run(&loop->uv, UV_RUN_NOWAIT);
	do {
		run_deferred(loop);
	} while (sock_bury(loop));
}

static bool is_alive(const struct loop *loop)
{
	return uv_loop_alive(&loop->uv) || loop->socks || !list_empty(&loop->deferred);
}

void loop_run(struct loop *loop)
{
	while (is_alive(loop))
		loop_turn(loop, true);
}

/* ---- the whole ---- */

static void watch_uv(struct loop *loop)
{
	struct epoll_event e = { .events = EPOLLIN };
	int rc = epoll_ctl(loop->epoll, EPOLL_CTL_ADD, uv_backend_fd(&loop->uv), &e);

	assert(rc == 0);
	(void)rc;
}

void loop_init(struct loop *loop)
{
	int rc = uv_loop_init(&loop->uv);

	assert(rc == 0);
	(void)rc;
	uv_check_init(&loop->uv, &loop->after_poll);
	loop->after_poll.data = loop;
	uv_check_start(&loop->after_poll, on_after_poll);
	uv_unref((uv_handle_t *)&loop->after_poll); /* it keeps nothing running */
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	assert(loop->epoll >= 0);
	loop->socks = 0;
	list_init(&loop->deferred);
	list_init(&loop->readable);
	list_init(&loop->gone);
	watch_uv(loop);
}

void loop_fini(struct loop *loop)
{
	int rc;

	assert(loop->socks == 0);
	uv_close((uv_handle_t *)&loop->after_poll, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	close(loop->epoll);
	rc = uv_loop_close(&loop->uv);
	assert(rc == 0); /* something was left open */
	(void)rc;
}

/* ---- putting off ---- */

void loop_defer(struct loop *loop, struct loop_hook *hook)
{
	if (hook->queued)
		return;
	hook->queued = true;
	list_push(&loop->deferred, &hook->link);
}

void loop_hook_cancel(struct loop_hook *hook)
{
	if (!hook->queued)
		return;
	hook->queued = false;
	list_del(&hook->link);
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *uv)
{
	struct timer *t = container_of(uv, struct timer, uv);

	t->fired(t);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct timer *t = container_of(h, struct timer, uv);

	if (t->closed)
		t->closed(t);
}

void timer_open(struct loop *loop, struct timer *t, void (*fired)(struct timer *t))
{
	uv_timer_init(&loop->uv, &t->uv);
	t->fired = fired;
	t->closed = NULL;
}

void timer_start(struct timer *t, uint64_t wait_ms, uint64_t repeat_ms)
{
	uv_update_time(t->uv.loop); /* a long turn must not shorten the wait */
	uv_timer_start(&t->uv, on_timer, wait_ms, repeat_ms);
}

void timer_stop(struct timer *t)
{
	uv_timer_stop(&t->uv);
}

bool timer_is_running(const struct timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->uv);
}

void timer_close(struct timer *t, void (*closed)(struct timer *t))
{
	t->closed = closed;
	uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}
