#include "app/task.h"

#include <assert.h>
#include <stdlib.h>

#include "app/app.h"
#include "base/clock.h"

static const outcome_t SAID = { 0 };

static void wake_from_loop(struct loop_hook *hook)
{
	struct task *t = container_of(hook, struct task, wake_hook);

	task_wake(t, t->woke_with);
}

void task_init(struct task *t, struct app *app, void (*ended)(struct task *t))
{
	*t = (struct task){ .app = app, .ended = ended, .wake_hook.run = wake_from_loop };
	arena_init(&t->arena);
}

void task_fini(struct task *t)
{
	assert(!t->next);
	loop_hook_cancel(&t->wake_hook);
	arena_fini(&t->arena);
}

void task_run(struct task *t, step_fn *step, enum err e)
{
	const struct log_context *outer = log_context_get();

	log_context_set(&t->log);
	(void)!step(t, e).said_;
	log_context_set(outer); /* t may be gone by now */
}

outcome_t task_wait(struct task *t, step_fn *next)
{
	assert(!t->next); /* one wait at a time */
	t->next = next;
	return SAID;
}

void task_wake(struct task *t, enum err e)
{
	step_fn *next = t->next;

	assert(next);
	loop_hook_cancel(&t->wake_hook);
	t->next = NULL;
	t->cancel = NULL;
	task_run(t, next, e);
}

void task_wake_soon(struct task *t, enum err e)
{
	t->woke_with = e;
	loop_defer(&t->app->loop, &t->wake_hook);
}

outcome_t task_continue(struct task *t, enum err e, step_fn *next)
{
	task_wake_soon(t, e);
	return task_wait(t, next);
}

void task_on_cancel(struct task *t, void (*cancel)(struct task *t, void *ctx), void *ctx)
{
	t->cancel = cancel;
	t->cancel_ctx = ctx;
}

void task_cancel(struct task *t)
{
	void (*cancel)(struct task * t, void *ctx) = t->cancel;

	t->canceled = true;
	t->cancel = NULL;
	if (cancel)
		cancel(t, t->cancel_ctx);
}

outcome_t task_said_end(struct task *t)
{
	(void)t;
	return SAID;
}

/* ---- background tasks ---- */

static void background_ended(struct task *t)
{
	t->app->tasks--;
	task_fini(t);
	free(t);
}

void task_start(struct app *app, step_fn *first, void *state)
{
	struct task *t = malloc(sizeof *t);

	if (!t)
		abort();
	task_init(t, app, background_ended);
	t->state = state;
	app->tasks++;
	(void)!task_continue(t, ERR_OK, first).said_;
}

/* The memory goes at once: a step that ends its task touches it no more. */
outcome_t task_end(struct task *t)
{
	assert(!t->http && !t->next);
	t->ended(t);
	return SAID;
}

/* ---- sleep ---- */

struct sleep {
	struct timer timer;
	struct task *task;
	enum err e;
};

static void sleep_closed(struct timer *timer)
{
	struct sleep *s = container_of(timer, struct sleep, timer);

	/* The task's arena, and with it the timer, may go in the step. */
	task_wake(s->task, s->e);
}

static void sleep_over(struct timer *timer)
{
	struct sleep *s = container_of(timer, struct sleep, timer);

	s->task->cancel = NULL;
	s->e = ERR_OK;
	timer_close(timer, sleep_closed);
}

static void sleep_canceled(struct task *t, void *ctx)
{
	struct sleep *s = ctx;

	(void)t;
	s->e = ERR_CANCELED;
	timer_close(&s->timer, sleep_closed);
}

outcome_t task_sleep(struct task *t, uint64_t wait_ms, step_fn *next)
{
	struct sleep *s = arena_new(&t->arena, struct sleep);

	s->task = t;
	timer_open(&t->app->loop, &s->timer, sleep_over);
	timer_start(&s->timer, wait_ms, 0);
	task_on_cancel(t, sleep_canceled, s);
	return task_wait(t, next);
}
