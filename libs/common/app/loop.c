#include "app/loop.h"

#include <assert.h>
#include <stdlib.h>

static void run_deferred(struct loop *loop)
{
	struct list *link;

	while ((link = list_pop(&loop->deferred))) {
		struct loop_hook *hook = container_of(link, struct loop_hook, link);

		hook->queued = false;
		hook->run(hook);
	}
	uv_idle_stop(&loop->awake);
}

/* Timers run before the poll: what they put off must not wait for it. */
static void on_before_poll(uv_prepare_t *h)
{
	run_deferred(h->data);
}

static void on_after_poll(uv_check_t *h)
{
	run_deferred(h->data);
}

static void on_awake(uv_idle_t *h)
{
	(void)h;
}

void loop_init(struct loop *loop)
{
	int rc = uv_loop_init(&loop->uv);

	assert(rc == 0);
	(void)rc;
	list_init(&loop->deferred);
	uv_prepare_init(&loop->uv, &loop->before_poll);
	uv_check_init(&loop->uv, &loop->after_poll);
	uv_idle_init(&loop->uv, &loop->awake);
	loop->before_poll.data = loop->after_poll.data = loop->awake.data = loop;
	uv_prepare_start(&loop->before_poll, on_before_poll);
	uv_check_start(&loop->after_poll, on_after_poll);
	/* They do not keep the loop running by themselves. */
	uv_unref((uv_handle_t *)&loop->before_poll);
	uv_unref((uv_handle_t *)&loop->after_poll);
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_fini(struct loop *loop)
{
	int rc;

	uv_close((uv_handle_t *)&loop->before_poll, NULL);
	uv_close((uv_handle_t *)&loop->after_poll, NULL);
	uv_close((uv_handle_t *)&loop->awake, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	rc = uv_loop_close(&loop->uv);
	assert(rc == 0); /* something was left open */
	(void)rc;
}

void loop_defer(struct loop *loop, struct loop_hook *hook)
{
	if (hook->queued)
		return;
	hook->queued = true;
	list_push(&loop->deferred, &hook->link);
	uv_idle_start(&loop->awake, on_awake);
}

void loop_hook_cancel(struct loop_hook *hook)
{
	if (!hook->queued)
		return;
	hook->queued = false;
	list_del(&hook->link);
}

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
