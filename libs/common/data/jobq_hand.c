#include "data/jobq_hand.h"

#include <stdio.h>
#include <stdlib.h>

#define ID_MAX 41 /* two numbers of 64 bits and a dash */

static void on_leave(struct loop_hook *hook)
{
	jobq_hand_flush(container_of(hook, struct jobq_hand, leave));
}

void jobq_hand_init(struct jobq_hand *h)
{
	map_init(&h->held);
	for (unsigned i = 0; i < h->count; i++)
		list_init(&h->acked[i]);
	h->leave.run = on_leave;
}

static void drop(struct map_node *node, void *ctx)
{
	struct jobq_hand *h = ctx;
	struct held_job *job = container_of(node, struct held_job, node);

	map_remove(&h->held, node);
	list_del(&job->link);
	free(job);
}

void jobq_hand_fini(struct jobq_hand *h)
{
	loop_hook_cancel(&h->leave);
	map_each(&h->held, drop, h);
	map_fini(&h->held);
}

static struct str make_key(char bytes[1 + ID_MAX], unsigned stream, struct str id)
{
	bytes[0] = (char)stream;
	memcpy(bytes + 1, id.ptr, id.len);
	return str_span(bytes, 1 + id.len);
}

struct held_job *jobq_hand_find(const struct jobq_hand *h, unsigned stream, struct str id)
{
	char bytes[1 + ID_MAX];
	struct map_node *node;

	if (id.len == 0 || id.len > ID_MAX)
		return NULL;
	node = map_find(&h->held, make_key(bytes, stream, id));
	return node ? container_of(node, struct held_job, node) : NULL;
}

static struct held_job *new_job(unsigned stream, struct str id, struct str body)
{
	struct held_job *job = calloc(1, sizeof *job + 1 + id.len + body.len);

	if (!job)
		abort();
	list_init(&job->link);
	job->stream = stream;
	job->node.key = make_key(job->bytes, stream, id);
	job->id = str_from(job->node.key, 1);
	job->body = str_span(job->bytes + 1 + id.len, body.len);
	if (body.len)
		memcpy(job->bytes + 1 + id.len, body.ptr, body.len);
	return job;
}

struct held_job *jobq_hand_add(
	struct jobq_hand *h, unsigned stream, struct str id, struct str body)
{
	struct held_job *job;

	if (id.len == 0 || id.len > ID_MAX || jobq_hand_find(h, stream, id))
		return NULL;
	job = new_job(stream, id, body);
	map_insert(&h->held, &job->node);
	return job;
}

/* The fields are nil when the entry was deleted; in Redis 6.2 the entry itself is. */
static void arrive_one(struct jobq_hand *h, unsigned stream,
	const struct redis_value *entry, struct list *ready)
{
	struct redis_value id = redis_at(entry, 0), fields = redis_at(entry, 1);
	struct held_job *job;

	for (size_t i = 0; i + 1 < fields.count; i += 2) {
		if (!str_eq(redis_at(&fields, i).s, STR("j")))
			continue;
		job = jobq_hand_add(h, stream, id.s, redis_at(&fields, i + 1).s);
		if (job)
			list_push(ready, &job->link);
		return;
	}
	if (fields.kind == REDIS_ARRAY)
		log_error("job-malformed", L_Z("stream", h->streams[stream]),
			L_STR("entry", id.s));
	jobq_hand_ack(h, stream, id.s);
}

void jobq_hand_arrive(struct jobq_hand *h, unsigned stream,
	const struct redis_value *entries, struct list *ready)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct redis_value entry = redis_at(entries, i);

		if (entry.kind == REDIS_ARRAY)
			arrive_one(h, stream, &entry, ready);
	}
}

/* ---- acks ---- */

static void let_go(struct jobq_hand *h, struct held_job *job)
{
	list_del(&job->link);
	list_push(&h->acked[job->stream], &job->link);
	loop_defer(h->loop, &h->leave);
}

void jobq_hand_ack(struct jobq_hand *h, unsigned stream, struct str id)
{
	struct held_job *job = jobq_hand_find(h, stream, id);

	if (job)
		map_remove(&h->held, &job->node);
	else if (id.len > 0 && id.len <= ID_MAX)
		job = new_job(stream, id, STR_NONE);
	if (job)
		let_go(h, job);
}

void jobq_hand_give_back(struct jobq_hand *h, struct held_job *job)
{
	jobq_add(h->redis, h->streams[job->stream], job->body);
	map_remove(&h->held, &job->node);
	let_go(h, job);
}

/* As many as one command takes. */
static void flush_some(struct jobq_hand *h, unsigned stream)
{
	struct str name = str_of(h->streams[stream]);
	struct redis_cmd ack = REDIS_CMD(STR("XACK"), name, str_of(h->group));
	struct redis_cmd del = REDIS_CMD(STR("XDEL"), name);
	struct list *link;
	struct list gone;

	list_init(&gone);
	while (ack.n < REDIS_ARGS_MAX && (link = list_pop(&h->acked[stream]))) {
		struct held_job *job = container_of(link, struct held_job, link);

		ack.arg[ack.n++] = del.arg[del.n++] = job->id;
		list_push(&gone, link);
	}
	redis_send(h->redis, &ack, NULL, NULL);
	redis_send(h->redis, &del, NULL, NULL);
	while ((link = list_pop(&gone)))
		free(container_of(link, struct held_job, link));
}

void jobq_hand_flush(struct jobq_hand *h)
{
	loop_hook_cancel(&h->leave);
	for (unsigned i = 0; i < h->count; i++) {
		while (!list_empty(&h->acked[i]))
			flush_some(h, i);
	}
}

/* ---- heartbeat ---- */

struct beat {
	struct jobq_hand *h;
	char min_idle[24];
	struct redis_cmd cmd[JOBQ_STREAMS_MAX];
};

/* Entries that were claimed by another a moment ago stay with it: they are not idle. */
static void beat_begin(struct beat *b, unsigned stream)
{
	b->cmd[stream] = REDIS_CMD(STR("XCLAIM"), str_of(b->h->streams[stream]),
		str_of(b->h->group), str_of(b->h->consumer), str_of(b->min_idle));
}

static void beat_send(struct beat *b, unsigned stream)
{
	struct redis_cmd *cmd = &b->cmd[stream];

	if (cmd->n == 5)
		return; /* no entries */
	cmd->arg[cmd->n++] = STR("JUSTID");
	redis_send(b->h->redis, cmd, NULL, NULL);
	beat_begin(b, stream);
}

static void beat_one(struct map_node *node, void *ctx)
{
	struct held_job *job = container_of(node, struct held_job, node);
	struct beat *b = ctx;
	struct redis_cmd *cmd = &b->cmd[job->stream];

	cmd->arg[cmd->n++] = job->id;
	if (cmd->n == REDIS_ARGS_MAX - 1)
		beat_send(b, job->stream);
}

void jobq_hand_heartbeat(struct jobq_hand *h)
{
	struct beat b = { .h = h };

	snprintf(b.min_idle, sizeof b.min_idle, "%llu", (unsigned long long)h->idle_ms / 6);
	for (unsigned i = 0; i < h->count; i++)
		beat_begin(&b, i);
	map_each(&h->held, beat_one, &b);
	for (unsigned i = 0; i < h->count; i++)
		beat_send(&b, i);
}
