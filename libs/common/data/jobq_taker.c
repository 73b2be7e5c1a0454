#include "data/jobq.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/pacific.h"
#include "data/jobq_scripts.h"
#include "data/redis_conn.h"

#define AT_ONCE  64  /* jobs by one turn: others want some, too */
#define BELL_S   "5" /* how long one wait for the bell lasts */
#define BELL_MS  5000
#define PAUSE_MS 300 /* after a turn that failed */

struct jobq_taker {
	struct jobq_taker_options o;
	struct jobq_lines said;
	struct loop_hook leave;
	struct redis_conn *conn; /* waits for the bell, nothing else */
	struct timer again;      /* something waits for a moment */
	struct str bell;
	char bell_key[160];
	bool waiting; /* for the bell */
	bool rang;    /* while a turn was under way, which may have come too early for it */
	bool paused, closing;
	unsigned turns; /* not come back yet */
	void (*closed)(void *ctx);
	void *closed_ctx;
	unsigned open; /* things that are not closed yet */
};

static void maybe_close(struct jobq_taker *q);

static void go_on(struct jobq_taker *q)
{
	loop_defer(q->o.loop, &q->leave);
}

static unsigned room_for(const struct jobq_taker *q)
{
	unsigned room = q->paused ? 0 : q->o.room(q->o.ctx);

	return room < AT_ONCE ? room : AT_ONCE;
}

/* ---- the bell ---- */

static void on_bell(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq_taker *q = ctx;
	bool rang = e == ERR_OK && v->kind == REDIS_ARRAY;

	q->waiting = false;
	if (q->closing) {
		maybe_close(q);
		return;
	}
	/* No hands free: it was meant for somebody else. */
	if (rang && room_for(q) == 0)
		redis_send(q->o.redis, &REDIS_CMD(STR("RPUSH"), q->bell, STR("1")), NULL,
			NULL);
	else if (e == ERR_OK) {
		q->rang |= rang && q->turns > 0;
		go_on(q);
	} else
		timer_start(&q->again, PAUSE_MS, 0);
}

static void wait_for_bell(struct jobq_taker *q)
{
	if (q->waiting || !redis_conn_is_up(q->conn))
		return;
	q->waiting = true;
	redis_conn_send(q->conn, &REDIS_CMD(STR("BLPOP"), q->bell, STR(BELL_S)), 0,
		STR_NONE, on_bell, q);
}

/* ---- a turn ---- */

struct turn {
	struct jobq_taker *q;
	unsigned asked; /* for how many */
};

static void read_models(struct jobq_taker *q, const struct redis_value *v)
{
	uint64_t now_ms = clock_mono_ms();

	for (unsigned i = 0; i < q->o.model_count; i++) {
		struct str rest = redis_at(v, 1 + i).s, blocked;
		int64_t ago_ms = -1;

		str_cut(&rest, ' ', &blocked);
		q->o.models[i].blocked = !str_eq(blocked, STR("0"));
		if (str_i64(rest, &ago_ms) && ago_ms >= 0)
			q->o.models[i].answered_ms = now_ms - (uint64_t)ago_ms;
	}
}

/* "<tier> <user> <created> <due> <id> <body>" */
static struct taken_job read_job(struct str line, int64_t model, int64_t tokens)
{
	struct taken_job job = { .body = line, .model = (unsigned)model, .tokens = tokens };
	struct str word = STR_NONE;

	for (int i = 0; i < 5; i++)
		str_cut(&job.body, ' ', &word);
	(void)!uuid_parse(word, &job.id);
	return job;
}

/* Returns how many jobs came. */
static unsigned read_turn(struct jobq_taker *q, const struct redis_value *v)
{
	size_t first = 1 + q->o.model_count;
	unsigned n = 0;

	if (v->kind != REDIS_ARRAY || v->count < first)
		return 0;
	read_models(q, v);
	for (size_t i = first; i + 2 < v->count; i += 3, n++) {
		struct taken_job job = read_job(
			redis_at(v, i).s, redis_at(v, i + 1).i, redis_at(v, i + 2).i);

		if (job.model < q->o.model_count)
			q->o.take(q->o.ctx, &job);
	}
	return n;
}

static void on_turned(void *ctx, enum err e, const struct redis_value *v)
{
	struct turn t = *(struct turn *)ctx;
	struct jobq_taker *q = t.q;
	unsigned n;
	int64_t wait_ms;

	free(ctx);
	q->turns--;
	if (q->closing) {
		maybe_close(q);
		return;
	}
	if (e != ERR_OK) {
		if (v && v->kind == REDIS_ERROR)
			log_warn("jobq-turn", L_STR("answer", v->s));
		timer_start(&q->again, PAUSE_MS, 0);
		return;
	}
	n = read_turn(q, v);
	if ((t.asked && n == t.asked) || q->rang || jobq_lines_left(&q->said)) {
		q->rang = false;
		go_on(q); /* there may be more, or it is to be said */
		return;
	}
	if (!t.asked) {
		if (room_for(q) > 0) /* made while this turn was under way */
			go_on(q);
		return;
	}
	wait_ms = v->kind == REDIS_ARRAY ? redis_at(v, 0).i : PAUSE_MS;
	timer_start(&q->again, wait_ms > 0 ? (uint64_t)wait_ms : PAUSE_MS, 0);
	if (room_for(q) > 0)
		wait_for_bell(q);
}

static void begin_turn(
	struct jobq_taker *q, struct redis_cmd *cmd, struct buf *head, unsigned take)
{
	long long day = pacific_day(clock_wall_s());
	size_t begin[JOBQ_MODELS_MAX + 2];
	unsigned n = 0;

	begin[n++] = head->len;
	buf_addf(head, "%llu %u %lld %lld %u", (unsigned long long)q->o.keep_ms, take,
		(long long)q->o.pro_cap, (long long)q->o.basic_cap, q->o.model_count);
	for (unsigned i = 0; i < q->o.model_count; i++) {
		const struct jobq_model *m = &q->o.models[i];

		begin[n++] = head->len;
		buf_addf(head, "%s %lld %lld %lld %lld", m->name, (long long)m->rpm,
			(long long)m->tpm, (long long)m->rpd, day);
	}
	begin[n] = head->len;
	*cmd = REDIS_CMD(str_of(q->o.key));
	for (unsigned i = 0; i < n; i++)
		cmd->arg[cmd->n++] = str_span(
			head->ptr + begin[i], begin[i + 1] - begin[i]);
}

static void send_turn(struct jobq_taker *q, unsigned take)
{
	struct turn *t = malloc(sizeof *t);
	struct buf head = { 0 };
	struct redis_cmd cmd;

	if (!t)
		abort();
	*t = (struct turn){ q, take };
	begin_turn(q, &cmd, &head, take);
	jobq_lines_take(&q->said, &cmd);
	q->turns++;
	redis_send_eval(q->o.redis, &jobq_turn_script, 1, &cmd, on_turned, t);
	buf_fini(&head);
}

/* All that was said, and with the last of it the question for more. */
static void turn(struct jobq_taker *q, unsigned take)
{
	bool said = jobq_lines_left(&q->said);

	if (!said && take == 0)
		return;
	do {
		unsigned room = REDIS_ARGS_MAX - 2 - q->o.model_count;
		size_t left = q->said.ends.len / sizeof(size_t) - q->said.sent;

		send_turn(q, left <= room ? take : 0);
	} while (jobq_lines_left(&q->said));
	jobq_lines_clear(&q->said);
}

static void on_leave(struct loop_hook *hook)
{
	struct jobq_taker *q = container_of(hook, struct jobq_taker, leave);
	unsigned take = redis_is_up(q->o.redis) ? room_for(q) : 0;

	/* One at a time: what comes up meanwhile goes together, more of it the busier Redis
	 * is. */
	if (q->turns > 0)
		return;
	turn(q, take);
}

static void on_again(struct timer *t)
{
	go_on(container_of(t, struct jobq_taker, again));
}

static void on_up(void *ctx)
{
	go_on(ctx);
}

/* ---- what there is to say ---- */

static void say(struct jobq_taker *q)
{
	jobq_lines_end(&q->said);
	go_on(q);
}

static void say_of_job(struct jobq_taker *q, char what, const struct uuid *id)
{
	buf_add_char(&q->said.text, what);
	buf_add_char(&q->said.text, ' ');
	jobq_put_id(&q->said.text, id);
}

void jobq_keep(struct jobq_taker *q, const struct uuid *id)
{
	say_of_job(q, 'K', id);
	say(q);
}

void jobq_done(struct jobq_taker *q, const struct uuid *id)
{
	say_of_job(q, 'D', id);
	say(q);
}

void jobq_again(struct jobq_taker *q, const struct uuid *id, int64_t delay_ms)
{
	say_of_job(q, 'L', id);
	buf_addf(&q->said.text, " %lld", (long long)delay_ms);
	say(q);
}

void jobq_model_answered(struct jobq_taker *q, unsigned model)
{
	q->o.models[model].answered_ms = clock_mono_ms();
	buf_addf(&q->said.text, "O %s", q->o.models[model].name);
	say(q);
}

void jobq_model_down(struct jobq_taker *q, unsigned model)
{
	buf_addf(&q->said.text, "X %s", q->o.models[model].name);
	say(q);
}

void jobq_model_rests(struct jobq_taker *q, unsigned model, int64_t ms)
{
	buf_addf(&q->said.text, "W %s %lld", q->o.models[model].name, (long long)ms);
	say(q);
}

void jobq_model_unused(struct jobq_taker *q, unsigned model, int64_t tokens)
{
	buf_addf(&q->said.text, "U %s %lld", q->o.models[model].name, (long long)tokens);
	say(q);
}

void jobq_model_unheard(struct jobq_taker *q, unsigned model)
{
	buf_addf(&q->said.text, "N %s", q->o.models[model].name);
	say(q);
}

void jobq_tokens(struct jobq_taker *q, unsigned model, int64_t beyond)
{
	buf_addf(&q->said.text, "T %s %lld", q->o.models[model].name, (long long)beyond);
	say(q);
}

/* ---- open, pause, close ---- */

struct jobq_taker *jobq_taker_open(const struct jobq_taker_options *o)
{
	struct jobq_taker *q = calloc(1, sizeof *q);
	size_t stem = strlen(o->key) - strlen("jobs");

	assert(o->model_count > 0 && o->model_count <= JOBQ_MODELS_MAX);
	if (!q)
		abort();
	q->o = *o;
	q->leave.run = on_leave;
	snprintf(q->bell_key, sizeof q->bell_key, "%.*sbell", (int)stem, o->key);
	q->bell = str_of(q->bell_key);
	timer_open(o->loop, &q->again, on_again);
	q->conn = redis_conn_open(&(struct redis_conn_options){ .loop = o->loop,
		.url = o->url,
		.client_name = o->client_name,
		.patience_ms = redis_patience_ms + BELL_MS,
		.up = on_up,
		.ctx = q });
	redis_on_up(o->redis, on_up, q);
	return q;
}

void jobq_more(struct jobq_taker *q)
{
	go_on(q);
}

void jobq_pause(struct jobq_taker *q)
{
	q->paused = true;
}

bool jobq_is_up(const struct jobq_taker *q)
{
	return redis_conn_is_up(q->conn);
}

static void one_closed(struct jobq_taker *q)
{
	if (--q->open > 0)
		return;
	jobq_lines_fini(&q->said);
	if (q->closed)
		q->closed(q->closed_ctx);
	free(q);
}

static void on_conn_closed(void *ctx)
{
	one_closed(ctx);
}

static void on_again_closed(struct timer *t)
{
	one_closed(container_of(t, struct jobq_taker, again));
}

static void maybe_close(struct jobq_taker *q)
{
	if (q->turns || q->open)
		return;
	q->open = 2;
	redis_conn_close(&q->conn, on_conn_closed, q);
	timer_close(&q->again, on_again_closed);
}

void jobq_taker_close(struct jobq_taker **taker, void (*cb)(void *ctx), void *ctx)
{
	struct jobq_taker *q = *taker;

	*taker = NULL;
	q->closed = cb;
	q->closed_ctx = ctx;
	jobq_pause(q);
	timer_stop(&q->again);
	loop_hook_cancel(&q->leave);
	turn(q, 0);
	redis_forget(q->o.redis, q);
	q->closing = true;
	maybe_close(q);
}
