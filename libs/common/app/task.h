/*
 * task - one piece of work in steps: an HTTP request, a bus message, a turn of a sweep.
 *
 * Every step ends in `return <a wait>(t, ..., next_step)`, `return reply_...(t, ...)`
 * (tasks that came as HTTP requests) or `return task_end(t)` (the others). An outcome_t
 * comes only from those and must be used, so a path that forgets to answer does not
 * compile.
 *
 * The next step always runs from the loop, never inside the call that named it. A wait ends
 * exactly once, with the wait's own result; ERR_TIMEOUT when t->deadline_ms passed first
 * and ERR_CANCELED when whoever asked has left (only waits that change nothing end so: a
 * write that was sent runs on and reports what became of it).
 *
 * Owns: its arena, wiped and freed when the last wait has come back and the end was said.
 */
#ifndef APP_TASK_H
#define APP_TASK_H

#include "app/loop.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"

#define MUST_USE __attribute__((warn_unused_result))

typedef struct outcome {
	char said_; /* made by task_wait and by ends only */
} outcome_t;

struct app;
struct task;
struct http_exchange;

typedef outcome_t step_fn(struct task *t, enum err e);

/* The caller of a request, as its verified access token says. */
struct identity {
	struct uuid user_id;
	struct uuid session_id;
	int64_t auth_time_s;  /* when a code was last proved */
	int64_t expires_at_s; /* end of the token's life, unix seconds */
};

struct task {
	struct arena arena;
	struct app *app;            /* the process: loop, pools, settings */
	void *state;                /* the use case's own struct, in the arena */
	struct http_exchange *http; /* the request, or NULL for background work */
	const struct identity
		*caller;      /* who asks; NULL on public routes and in background work */
	uint64_t deadline_ms; /* clock_mono_ms at which waits end with ERR_TIMEOUT; 0: never
			       */
	struct log_context log; /* request and trace ids; set around every step */
	bool canceled;          /* whoever asked has left */

	/* private to task.c and to writers of waits */
	step_fn *next;
	enum err woke_with;
	struct loop_hook wake_hook;
	void (*cancel)(struct task *t,
		void *ctx); /* ends the present wait early; NULL: it runs on */
	void *cancel_ctx;
	void (*ended)(struct task *t); /* how the memory goes */
};

/* The use case's struct, zeroed, kept at t->state. */
#define task_new(t, type) ((type *)((t)->state = arena_alloc(&(t)->arena, sizeof(type))))

/* Starts background work; `first` runs from the loop with ERR_OK. `state` is borrowed. */
void task_start(struct app *app, step_fn *first, void *state);
outcome_t task_end(struct task *t) MUST_USE;

/* A wait of its own right: the next step after wait_ms. Ends early with ERR_CANCELED. */
outcome_t task_sleep(struct task *t, uint64_t wait_ms, step_fn *next) MUST_USE;
/* The next step at the end of this turn, with e: for what turned out to need no wait. */
outcome_t task_continue(struct task *t, enum err e, step_fn *next) MUST_USE;

/* ---- for writers of waits ---- */

/* Says that `next` will run when task_wake is called. */
outcome_t task_wait(struct task *t, step_fn *next) MUST_USE;
/* From a loop callback: runs the next step now. */
void task_wake(struct task *t, enum err e);
/* From anywhere on the loop thread: runs the next step at the end of this turn. */
void task_wake_soon(struct task *t, enum err e);
/* How the present wait can be ended early; forgotten at the wake. */
void task_on_cancel(struct task *t, void (*cancel)(struct task *t, void *ctx), void *ctx);
/* Whoever asked has left: marks the task and ends its present wait where that is safe. */
void task_cancel(struct task *t);
/* For the HTTP server: a task in memory of its own; `ended` is called in place of freeing
 * it. */
void task_init(struct task *t, struct app *app, void (*ended)(struct task *t));
void task_fini(struct task *t);
/* Runs a first step (a handler) with the log context set. */
void task_run(struct task *t, step_fn *step, enum err e);
/* For ends: what an end returns after the answer was given. */
outcome_t task_said_end(struct task *t) MUST_USE;

#endif
