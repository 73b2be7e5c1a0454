#include "data/jobq.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/jobq_group.h"
#include "data/jobq_hand.h"
#include "data/redis_conn.h"
#include "data/redis_wire.h"

#define BLOCK_MS    2000
#define RETRY_MS    300
#define WAKE_MS     10
#define TIDY_EVERY  60 /* upkeeps */
#define SOON_MS     50 /* the common connection is up by then as well */
#define RECOVER_MAX 1000

struct jobq {
	struct jobq_options o;
	struct jobq_hand hand;
	struct redis_conn *conn; /* of the blocking read */
	char client_id[24];      /* of conn; empty: not known yet */
	struct list ready;       /* read, but there is no room yet: struct held_job.link */
	bool groups_made, reading, paused;
	unsigned empty_reads; /* in a row */
	unsigned turn; /* number of reads for which there was not room on all streams */
	struct timer retry, upkeep;
	unsigned upkeeps;
	struct jobq_takeover takeover;

	bool closing;
	unsigned leaving; /* groups that were not left yet */
	unsigned open;    /* things that were not closed yet */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void go_on(struct jobq *q);
static void finish_close(struct jobq *q);

void jobq_add(struct redis *r, const char *stream, struct str body)
{
	redis_send(r, &REDIS_CMD(STR("XADD"), str_of(stream), STR("*"), STR("j"), body),
		NULL, NULL);
}

static unsigned stream_number(const struct jobq *q, struct str name)
{
	unsigned i = 0;

	while (i < q->hand.count && !str_eq(str_of(q->hand.streams[i]), name))
		i++;
	return i;
}

/* ---- from an answer to take ---- */

static void take_ready(struct jobq *q)
{
	while (!q->paused && !list_empty(&q->ready) && q->o.room(q->o.ctx) > 0) {
		struct held_job *job = container_of(
			list_pop(&q->ready), struct held_job, link);

		q->o.take(q->o.ctx, &(struct job){ .stream = q->hand.streams[job->stream],
					    .entry_id = job->id,
					    .body = job->body });
	}
}

static void give_back_ready(struct jobq *q)
{
	struct list *link;

	while ((link = list_pop(&q->ready)))
		jobq_hand_give_back(&q->hand, container_of(link, struct held_job, link));
}

static void arrive(struct jobq *q, unsigned stream, const struct redis_value *entries)
{
	jobq_hand_arrive(&q->hand, stream, entries, &q->ready);
	if (q->paused)
		give_back_ready(q);
	else
		take_ready(q);
}

/* [[stream, [entry, ...]], ...] or nil; the number of entries. */
static size_t arrive_streams(struct jobq *q, const struct redis_value *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++) {
		struct redis_value pair = redis_at(v, i), entries = redis_at(&pair, 1);
		unsigned stream = stream_number(q, redis_at(&pair, 0).s);

		if (stream == q->hand.count)
			continue;
		n += entries.count;
		arrive(q, stream, &entries);
	}
	return n;
}

/* ---- reading ---- */

static void retry_later(struct jobq *q, const struct redis_value *v)
{
	log_warn("jobq-read", L_STR("answer", v->s));
	timer_start(&q->retry, RETRY_MS, 0);
}

/* XREADGROUP of `n` streams; wait: blocks while there is nothing. */
static void read_from(struct jobq *q, const char *const *streams, unsigned n,
	unsigned count, const char *from, bool wait, redis_done_fn *done)
{
	struct redis_cmd cmd = REDIS_CMD(STR("XREADGROUP"), STR("GROUP"),
		str_of(q->o.group), str_of(q->o.consumer), STR("COUNT"));
	char counted[12], block[12];

	snprintf(counted, sizeof counted, "%u", count);
	cmd.arg[cmd.n++] = str_of(counted);
	if (wait) {
		snprintf(block, sizeof block, "%d", BLOCK_MS);
		cmd.arg[cmd.n++] = STR("BLOCK");
		cmd.arg[cmd.n++] = str_of(block);
	}
	cmd.arg[cmd.n++] = STR("STREAMS");
	for (unsigned i = 0; i < n; i++)
		cmd.arg[cmd.n++] = str_of(streams[i]);
	for (unsigned i = 0; i < n; i++)
		cmd.arg[cmd.n++] = str_of(from);
	redis_conn_send(q->conn, &cmd, 0, STR_NONE, done, q);
}

static void read_ended(struct jobq *q)
{
	q->reading = false;
	if (q->closing)
		finish_close(q);
	else
		go_on(q);
}

/* No v: the connection broke, on_up goes on. NOGROUP, UNBLOCKED: Redis was emptied. */
static void on_read(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq *q = ctx;

	if (e == ERR_OK && arrive_streams(q, v) > 0)
		q->empty_reads = 0;
	else
		q->empty_reads++;
	if (e != ERR_OK)
		q->groups_made = false;
	if (e != ERR_OK && v && !redis_is_error(v, "NOGROUP") &&
		!redis_is_error(v, "UNBLOCKED"))
		retry_later(q, v);
	read_ended(q);
}

/*
 * COUNT holds for each stream. Where there is not room for one of each, they are asked one
 * by one: mostly the first one first, every fourth time another one, so that none starves.
 */
static void read_next(struct jobq *q, unsigned room)
{
	const char *const *streams = q->hand.streams;
	unsigned n = q->hand.count, first = 0;

	if (room >= n || q->empty_reads >= n) {
		read_from(q, streams, n, room >= n ? room / n : 1, ">", true, on_read);
		return;
	}
	if (q->empty_reads == 0)
		q->turn++;
	if (q->turn % 4 == 0)
		first = 1 + q->turn / 4 % (n - 1);
	read_from(q, streams + (first + q->empty_reads) % n, 1, room, ">", false, on_read);
}

static void on_group(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq *q = ctx;

	if (e != ERR_OK && v && !redis_is_error(v, "BUSYGROUP")) {
		q->groups_made = false;
		retry_later(q, v);
	}
}

/* What an earlier connection was given and never received is pending under our name. */
static void on_recovered(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq *q = ctx;

	if (e == ERR_OK)
		arrive_streams(q, v);
	else
		q->groups_made = false;
	if (e != ERR_OK && v && !timer_is_running(&q->retry))
		retry_later(q, v);
	read_ended(q);
}

static void make_groups(struct jobq *q)
{
	q->groups_made = true; /* unless one of the answers says otherwise */
	q->empty_reads = 0;
	for (unsigned i = 0; i < q->hand.count; i++)
		redis_conn_send(q->conn,
			&REDIS_CMD(STR("XGROUP"), STR("CREATE"), str_of(q->hand.streams[i]),
				str_of(q->o.group), STR("0"), STR("MKSTREAM")),
			0, STR_NONE, on_group, q);
	read_from(q, q->hand.streams, q->hand.count, RECOVER_MAX, "0", false, on_recovered);
}

/*
 * Ends the read that waits, so that nothing is given to who will not take it. It may not
 * wait yet: the two go by different connections; so this is said again until it has ended.
 */
static void wake_reader(struct jobq *q)
{
	if (!q->reading || !q->client_id[0])
		return;
	redis_send(q->o.redis,
		&REDIS_CMD(STR("CLIENT"), STR("UNBLOCK"), str_of(q->client_id)), NULL,
		NULL);
	timer_start(&q->retry, WAKE_MS, 0);
}

/* Asks for jobs, unless it is not the time: whatever ends that time calls this again. */
static void go_on(struct jobq *q)
{
	unsigned room;

	if (q->paused || q->reading || timer_is_running(&q->retry) ||
		!redis_conn_is_up(q->conn))
		return;
	if (!q->groups_made) {
		q->reading = true;
		make_groups(q);
		return;
	}
	take_ready(q);
	room = list_empty(&q->ready) ? q->o.room(q->o.ctx) : 0;
	if (room == 0 || q->paused)
		return;
	q->reading = true;
	read_next(q, room);
}

static void on_retry(struct timer *t)
{
	struct jobq *q = container_of(t, struct jobq, retry);

	if (q->paused)
		wake_reader(q);
	else
		go_on(q);
}

static void on_client_id(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq *q = ctx;

	if (e == ERR_OK)
		snprintf(q->client_id, sizeof q->client_id, "%lld", (long long)v->i);
}

static void on_up(void *ctx)
{
	struct jobq *q = ctx;

	redis_conn_send(q->conn, &REDIS_CMD(STR("CLIENT"), STR("ID")), 0, STR_NONE,
		on_client_id, q);
	q->groups_made = false;
	timer_stop(&q->retry);
	timer_start(&q->upkeep, SOON_MS, q->o.idle_ms / 3);
	go_on(q);
}

static void on_down(void *ctx)
{
	struct jobq *q = ctx;

	q->client_id[0] = '\0';
}

/* ---- upkeep ---- */

static void on_taken_over(void *ctx, unsigned stream, const struct redis_value *entries)
{
	struct jobq *q = ctx;

	if (entries && entries->count)
		log_info("jobs-taken-over", L_Z("stream", q->hand.streams[stream]),
			L_INT("jobs", entries->count));
	if (entries)
		arrive(q, stream, entries);
	if (q->closing)
		finish_close(q);
}

/* The blocking read has asked for all the room: what is too much waits here. */
static void on_upkeep(struct timer *t)
{
	struct jobq *q = container_of(t, struct jobq, upkeep);
	unsigned room = q->paused || !list_empty(&q->ready) ? 0 : q->o.room(q->o.ctx);

	jobq_hand_heartbeat(&q->hand);
	if (room > 0)
		jobq_takeover_search(&q->takeover, room / 2 + 1);
	if (q->upkeeps++ % TIDY_EVERY == 0)
		jobq_group_tidy(&q->hand);
}

/* ---- open, pause, close ---- */

struct jobq *jobq_open(const struct jobq_options *o)
{
	struct jobq *q = calloc(1, sizeof *q);

	if (!q)
		abort();
	q->o = *o;
	q->hand = (struct jobq_hand){ .loop = o->loop,
		.redis = o->redis,
		.group = o->group,
		.consumer = o->consumer,
		.idle_ms = o->idle_ms };
	while (o->streams[q->hand.count]) {
		unsigned i = q->hand.count++;

		assert(i < JOBQ_STREAMS_MAX);
		q->hand.streams[i] = o->streams[i];
	}
	list_init(&q->ready);
	jobq_hand_init(&q->hand);
	jobq_takeover_init(&q->takeover, &q->hand, on_taken_over, q);
	timer_open(o->loop, &q->retry, on_retry);
	timer_open(o->loop, &q->upkeep, on_upkeep);
	q->conn = redis_conn_open(&(struct redis_conn_options){ .loop = o->loop,
		.url = o->url,
		.client_name = o->consumer,
		.patience_ms = redis_patience_ms + BLOCK_MS,
		.up = on_up,
		.down = on_down,
		.ctx = q });
	return q;
}

bool jobq_is_up(const struct jobq *q)
{
	return redis_conn_is_up(q->conn);
}

void jobq_more(struct jobq *q)
{
	go_on(q);
}

void jobq_ack(struct jobq *q, const char *stream, struct str entry_id)
{
	unsigned i = stream_number(q, str_of(stream));

	assert(i < q->hand.count);
	jobq_hand_ack(&q->hand, i, entry_id);
}

void jobq_give_back(struct jobq *q, const char *stream, struct str entry_id)
{
	struct held_job *job = jobq_hand_find(
		&q->hand, stream_number(q, str_of(stream)), entry_id);

	if (job)
		jobq_hand_give_back(&q->hand, job);
}

void jobq_pause(struct jobq *q)
{
	if (q->paused)
		return;
	q->paused = true;
	give_back_ready(q);
	wake_reader(q);
}

static void one_closed(struct jobq *q)
{
	if (--q->open > 0)
		return;
	jobq_hand_fini(&q->hand);
	if (q->closed)
		q->closed(q->closed_ctx);
	free(q);
}

static void on_conn_closed(void *ctx)
{
	one_closed(ctx);
}

static void on_retry_closed(struct timer *t)
{
	one_closed(container_of(t, struct jobq, retry));
}

static void on_upkeep_closed(struct timer *t)
{
	one_closed(container_of(t, struct jobq, upkeep));
}

static void on_left(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq *q = ctx;

	(void)e;
	(void)v;
	if (--q->leaving > 0)
		return;
	q->open = 3;
	redis_conn_close(&q->conn, on_conn_closed, q);
	timer_close(&q->retry, on_retry_closed);
	timer_close(&q->upkeep, on_upkeep_closed);
}

/* Acks, then leaving: the common connection keeps their order. */
static void finish_close(struct jobq *q)
{
	if (q->reading || q->leaving || jobq_takeover_is_asking(&q->takeover))
		return;
	jobq_hand_flush(&q->hand);
	q->leaving = q->hand.count;
	jobq_group_leave(&q->hand, on_left, q);
}

void jobq_close(struct jobq **jobq, void (*cb)(void *ctx), void *ctx)
{
	struct jobq *q = *jobq;

	*jobq = NULL;
	q->closed = cb;
	q->closed_ctx = ctx;
	q->closing = true;
	jobq_pause(q);
	timer_stop(&q->upkeep);
	finish_close(q);
}
