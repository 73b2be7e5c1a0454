#include "data/jobq.h"

#include <stdlib.h>

#include "data/jobq_scripts.h"

struct jobq {
	struct loop *loop;
	struct redis *redis;
	struct str key;
	struct jobq_lines adds, removes;
	struct loop_hook leave;
	uint64_t added;
	unsigned asked; /* calls that have not come back */
	bool closed;
};

static void maybe_free(struct jobq *q)
{
	if (!q->closed || q->asked)
		return;
	jobq_lines_fini(&q->adds);
	jobq_lines_fini(&q->removes);
	free(q);
}

static void on_added(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq *q = ctx;

	if (e == ERR_OK)
		q->added += (uint64_t)v->i;
	q->asked--;
	maybe_free(q);
}

static void send_adds(struct jobq *q)
{
	while (jobq_lines_left(&q->adds)) {
		struct redis_cmd cmd = REDIS_CMD(q->key);

		jobq_lines_take(&q->adds, &cmd);
		q->asked++;
		redis_send_eval(q->redis, &jobq_add_script, 1, &cmd, on_added, q);
	}
	jobq_lines_clear(&q->adds);
}

/* A worker's turn that takes nothing and knows of no models. */
static void send_removes(struct jobq *q)
{
	while (jobq_lines_left(&q->removes)) {
		struct redis_cmd cmd = REDIS_CMD(q->key, STR("0 0 0 0 0"));

		jobq_lines_take(&q->removes, &cmd);
		redis_send_eval(q->redis, &jobq_turn_script, 1, &cmd, NULL, NULL);
	}
	jobq_lines_clear(&q->removes);
}

static void on_leave(struct loop_hook *hook)
{
	struct jobq *q = container_of(hook, struct jobq, leave);

	send_adds(q);
	send_removes(q);
}

struct jobq *jobq_open(struct loop *loop, struct redis *redis, const char *key)
{
	struct jobq *q = calloc(1, sizeof *q);

	if (!q)
		abort();
	q->loop = loop;
	q->redis = redis;
	q->key = str_of(key);
	q->leave.run = on_leave;
	return q;
}

void jobq_close(struct jobq **jobq)
{
	struct jobq *q = *jobq;

	*jobq = NULL;
	if (q->leave.queued)
		on_leave(&q->leave);
	loop_hook_cancel(&q->leave);
	q->closed = true;
	maybe_free(q);
}

void jobq_add(struct jobq *q, const struct job *j)
{
	struct buf *out = &q->adds.text;

	buf_add_str(out, j->is_pro ? STR("p ") : STR("b "));
	jobq_put_id(out, &j->user_id);
	buf_addf(out, " %lld %lld ", (long long)j->created_ms, (long long)j->due_ms);
	jobq_put_id(out, &j->id);
	buf_add_char(out, ' ');
	buf_add_str(out, j->body);
	jobq_lines_end(&q->adds);
	loop_defer(q->loop, &q->leave);
}

void jobq_remove(struct jobq *q, const struct uuid *id)
{
	buf_add_str(&q->removes.text, STR("D "));
	jobq_put_id(&q->removes.text, id);
	jobq_lines_end(&q->removes);
	loop_defer(q->loop, &q->leave);
}

uint64_t jobq_added(const struct jobq *q)
{
	return q->added;
}

/* ---- questions ---- */

struct where {
	struct job_place *out;
	int n;
};

static enum err read_places(struct task *t, const struct redis_value *v, void *into)
{
	struct where *w = into;

	(void)t;
	if (v->kind != REDIS_ARRAY || v->count != 2 * (size_t)w->n)
		return ERR_INTERNAL;
	for (int i = 0; i < w->n; i++)
		w->out[i] = (struct job_place){ redis_at(v, 2 * (size_t)i).i,
			redis_at(v, 2 * (size_t)i + 1).i };
	return ERR_OK;
}

outcome_t jobq_where(struct task *t, struct jobq *q, const struct uuid *ids, int n,
	struct job_place *out, step_fn *next)
{
	struct where *w = arena_new(&t->arena, struct where);
	struct redis_cmd cmd = REDIS_CMD(q->key);

	*w = (struct where){ out, n < JOBQ_WHERE_MAX ? n : JOBQ_WHERE_MAX };
	for (int i = 0; i < w->n; i++) {
		char *text = arena_bytes(&t->arena, UUID_TEXT_SIZE);

		uuid_format(&ids[i], text);
		cmd.arg[cmd.n++] = str_of(text);
	}
	return redis_eval(t, &jobq_where_script, 1, &cmd, read_places, w, next);
}

static enum err read_depth(struct task *t, const struct redis_value *v, void *into)
{
	(void)t;
	if (v->kind != REDIS_ARRAY || v->count != 4)
		return ERR_INTERNAL;
	*(struct jobq_depth *)into = (struct jobq_depth){ redis_at(v, 0).i,
		redis_at(v, 1).i, redis_at(v, 2).i, redis_at(v, 3).i };
	return ERR_OK;
}

outcome_t jobq_look(struct task *t, struct jobq *q, struct jobq_depth *out, step_fn *next)
{
	struct redis_cmd cmd = REDIS_CMD(q->key);

	return redis_eval(t, &jobq_look_script, 1, &cmd, read_depth, out, next);
}
