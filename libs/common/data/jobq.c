#include "data/jobq.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/jobq_hand.h"
#include "data/redis_conn.h"
#include "data/redis_wire.h"

#define BLOCK_MS    2000
#define RETRY_MS    300
#define WAKE_MS     10
#define CURSOR_SIZE 48
#define TIDY_EVERY  60 /* upkeeps */
#define SOON_MS     50 /* the common connection is up by then as well */
#define RECOVER_MAX 1000
#define DEAD_MS     "3600000"

/* A consumer that has nothing pending leaves no trace; with something pending it must stay.
 */
static struct redis_script leave_group = {
	.name = "jobq-leave",
	.lua = "if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 "
	       "then return 0 "
	       "end redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) return 1"
};

/* The same for others that have not been heard of for long: they were killed. */
static struct redis_script tidy_group = { .name = "jobq-tidy",
	.lua = "for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do "
	       "if c[2] ~= ARGV[2] and c[4] == 0 and c[6] > tonumber(ARGV[3]) then "
	       "redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], c[2]) end end" };

/* The search for abandoned entries of a stream. */
struct takeover {
	struct jobq *q;
	unsigned stream;
	bool asked;
	char cursor[CURSOR_SIZE]; /* how far it got */
};

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
	struct takeover takeover[JOBQ_STREAMS_MAX];

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

/* [id, [field, value, ...]]; the fields are nil when the entry was deleted. */
static void arrive(struct jobq *q, unsigned stream, const struct redis_value *entry)
{
	struct redis_value id = redis_at(entry, 0), fields = redis_at(entry, 1);
	struct held_job *job;

	for (size_t i = 0; i + 1 < fields.count; i += 2) {
		if (!str_eq(redis_at(&fields, i).s, STR("j")))
			continue;
		job = jobq_hand_add(&q->hand, stream, id.s, redis_at(&fields, i + 1).s);
		if (job)
			list_push(&q->ready, &job->link);
		return;
	}
	if (fields.kind == REDIS_ARRAY)
		log_error("job-malformed", L_Z("stream", q->hand.streams[stream]),
			L_STR("entry", id.s));
	jobq_hand_ack(&q->hand, stream, id.s);
}

static size_t arrive_all(struct jobq *q, unsigned stream, const struct redis_value *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct redis_value entry = redis_at(entries, i);

		if (entry.kind == REDIS_ARRAY) /* nil: deleted, in Redis 6.2 */
			arrive(q, stream, &entry);
	}
	if (q->paused)
		give_back_ready(q);
	else
		take_ready(q);
	return entries->count;
}

/* [[stream, [entry, ...]], ...] or nil; the number of entries. */
static size_t arrive_streams(struct jobq *q, const struct redis_value *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++) {
		struct redis_value pair = redis_at(v, i), entries = redis_at(&pair, 1);
		unsigned stream = stream_number(q, redis_at(&pair, 0).s);

		if (stream < q->hand.count)
			n += arrive_all(q, stream, &entries);
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

/* Without v the connection broke, and on_up goes on. NOGROUP, UNBLOCKED: Redis was emptied.
 */
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
 * Ends the read that waits, so that nothing is given to who will not take it. It may not wait
 * yet: the two go by different connections; so this is said again until it has ended.
 */
static void wake_reader(struct jobq *q)
{
	if (!q->reading || !q->client_id[0])
		return;
	redis_send(q->o.redis,
		&REDIS_CMD(STR("CLIENT"), STR("UNBLOCK"), str_of(q->client_id)), NULL, NULL);
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

/* ---- upkeep: heartbeat, takeover, dead consumers ---- */

static void on_taken_over(void *ctx, enum err e, const struct redis_value *v)
{
	struct takeover *over = ctx;
	struct jobq *q = over->q;
	struct redis_value cursor, entries;

	over->asked = false;
	if (e == ERR_OK) {
		cursor = redis_at(v, 0);
		entries = redis_at(v, 1);
		snprintf(over->cursor, sizeof over->cursor, "%.*s", STR_ARG(cursor.s));
		if (entries.count)
			log_info("jobs-taken-over",
				L_Z("stream", q->hand.streams[over->stream]),
				L_INT("jobs", entries.count));
		arrive_all(q, over->stream, &entries);
	}
	if (q->closing)
		finish_close(q);
}

static void take_over(struct jobq *q, unsigned stream, unsigned count)
{
	struct takeover *over = &q->takeover[stream];
	char counted[12], idle[24];

	if (over->asked)
		return;
	over->asked = true;
	snprintf(counted, sizeof counted, "%u", count);
	snprintf(idle, sizeof idle, "%llu", (unsigned long long)q->o.idle_ms);
	redis_send(q->o.redis,
		&REDIS_CMD(STR("XAUTOCLAIM"), str_of(q->hand.streams[stream]),
			str_of(q->o.group), str_of(q->o.consumer), str_of(idle),
			str_of(over->cursor), STR("COUNT"), str_of(counted)),
		on_taken_over, over);
}

static void on_upkeep(struct timer *t)
{
	struct jobq *q = container_of(t, struct jobq, upkeep);
	unsigned room = q->paused ? 0 : q->o.room(q->o.ctx);

	jobq_hand_heartbeat(&q->hand);
	for (unsigned i = 0; i < q->hand.count; i++) {
		/* The blocking read has asked for all the room: what is too much waits
		 * here. */
		if (room > 0 && list_empty(&q->ready))
			take_over(q, i, room / 2 + 1);
		if (q->upkeeps % TIDY_EVERY == 0)
			redis_send_eval(q->o.redis, &tidy_group, 1,
				&REDIS_CMD(str_of(q->hand.streams[i]), str_of(q->o.group),
					str_of(q->o.consumer), STR(DEAD_MS)),
				NULL, NULL);
	}
	q->upkeeps++;
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
		q->takeover[i] = (struct takeover){ .q = q, .stream = i, .cursor = "0-0" };
	}
	list_init(&q->ready);
	jobq_hand_init(&q->hand);
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
	if (q->reading || q->leaving)
		return;
	for (unsigned i = 0; i < q->hand.count; i++) {
		if (q->takeover[i].asked)
			return;
	}
	jobq_hand_flush(&q->hand);
	q->leaving = q->hand.count;
	for (unsigned i = 0; i < q->hand.count; i++)
		redis_send_eval(q->o.redis, &leave_group, 1,
			&REDIS_CMD(str_of(q->hand.streams[i]), str_of(q->o.group),
				str_of(q->o.consumer)),
			on_left, q);
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
