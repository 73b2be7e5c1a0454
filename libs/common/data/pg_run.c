#include "app/app.h"
#include "data/pg_conn.h"

struct run {
	struct pg_call call;
	struct pg_packed packed;
	struct pg *pg;
	struct task *task;
	pg_read_fn *read;
	void *into;
};

static void run_done(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct run *r = container_of(call, struct run, call);

	if (e == ERR_OK && r->read)
		e = r->read(r->task, rows, r->into);
	task_wake(r->task, e);
}

static void run_left(struct task *t, void *ctx)
{
	struct run *r = ctx;

	pg_forget(r->pg, &r->call);
	task_wake_soon(t, ERR_CANCELED);
}

/* The call may be sent later, or twice: the values must last as long as the wait. */
static void pack(struct pg_packed *to, const struct pg_params *p, struct arena *a)
{
	size_t n = p ? (size_t)p->n : 0, bytes = 0;
	char *at;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		bytes += (size_t)p->len[i];
	to->n = p->n;
	to->value = arena_alloc(a, n * (sizeof *to->value + sizeof *to->len));
	to->len = (int *)(to->value + n);
	at = arena_bytes(a, bytes + 1);
	for (size_t i = 0; i < n; i++) {
		to->len[i] = p->len[i];
		if (!p->value[i])
			continue;
		to->value[i] = memcpy(at, p->value[i], (size_t)p->len[i]);
		at += p->len[i];
	}
}

outcome_t pg_run(struct task *t, const struct pg_stmt *stmt, const struct pg_params *params,
	pg_read_fn *read, void *into, step_fn *next)
{
	struct run *r;

	if (!t->app->pg) /* closed at the end of the drain */
		return task_continue(t, ERR_CANCELED, next);
	r = arena_new(&t->arena, struct run);
	r->call.stmt = stmt;
	r->call.deadline_ms = t->deadline_ms;
	r->call.log = &t->log;
	r->call.done = run_done;
	pack(&r->packed, params, &t->arena);
	r->pg = t->app->pg;
	r->task = t;
	r->read = read;
	r->into = into;
	pg_send_packed(r->pg, &r->call, &r->packed);
	if (!stmt->write)
		task_on_cancel(t, run_left, r);
	return task_wait(t, next);
}
