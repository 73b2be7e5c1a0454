/* A reply awaited whole, for clients that want it with the answer to their message. */
#include "base/clock.h"
#include "streams.h"

struct await {
	struct list link;
	struct feed_reader reader;
	struct task *task;
	struct message *into;
	uint64_t until_ms;
};

static void over(struct await *a, enum err e)
{
	list_del(&a->link);
	if (a->reader.feed)
		feed_leave(&a->reader);
	task_wake_soon(a->task, e);
}

static void on_changed(struct feed_reader *r)
{
	struct await *a = container_of(r, struct await, reader);
	const struct message *end = feed_view(r->feed)->end;

	if (!end)
		return;
	*a->into = message_copy(&a->task->arena, end);
	over(a, ERR_OK);
}

static void on_gone(struct task *t, void *ctx)
{
	(void)t;
	over(ctx, ERR_CANCELED);
}

outcome_t stream_await(struct task *t, const struct reply_ref *ref, uint64_t wait_ms,
	struct message *end, step_fn *next)
{
	struct chat *c = chat_of(t);
	struct feed_of of = { ref->room_id, t->caller->user_id, ref->reply_id, false };
	struct await *a;

	if (t->canceled || c->streams->handing_over)
		return task_continue(t, t->canceled ? ERR_CANCELED : ERR_TIMEOUT, next);
	a = arena_new(&t->arena, struct await);
	a->task = t;
	a->into = end;
	a->until_ms = clock_mono_ms() + wait_ms;
	a->reader.changed = on_changed;
	t->deadline_ms = 0;
	list_push(&c->streams->awaiting, &a->link);
	task_on_cancel(t, on_gone, a);
	feed_join(c->feeds, &of, &a->reader);
	on_changed(&a->reader); /* it may have ended already */
	return task_wait(t, next);
}

void awaits_end_session(struct streams *all, const struct uuid *session_id)
{
	LIST_EACH (&all->awaiting, it) {
		struct await *a = container_of(it, struct await, link);

		if (uuid_eq(&a->task->caller->session_id, session_id))
			over(a, ERR_TIMEOUT);
	}
}

void awaits_check(struct streams *all, uint64_t now_ms)
{
	LIST_EACH (&all->awaiting, it) {
		struct await *a = container_of(it, struct await, link);

		if (now_ms >= a->until_ms)
			over(a, ERR_TIMEOUT);
	}
}
