#include <stdio.h>
#include <unistd.h>

#include "answer.h"
#include "answers_store.h"
#include "app/links.h"
#include "base/clock.h"
#include "data/bus.h"
#include "data/pg.h"
#include "data/redis.h"
#include "dead.h"
#include "messages.h"
#include "model_limits.h"
#include "models.h"
#include "reply_log.h"

#define TICK_MS 100

#define AT(member) offsetof(struct worker, member)
static const struct setting settings[] = {
	{ "GEMINI_API_KEY", SETTING_SECRET, AT(gemini_api_key), NULL,
		"sent as x-goog-api-key" },
	{ "GEMINI_BASE_URL", SETTING_URL, AT(gemini_base_url),
		"https://generativelanguage.googleapis.com", "where the model is" },
	{ "GEMINI_MODEL", SETTING_STR, AT(gemini_model), "gemini-3.6-flash",
		"which model" },
	{ "GEMINI_FALLBACK_MODELS", SETTING_STR, AT(fallback_models), "",
		"asked, in this order, while those before cannot be: a,b" },
	{ "GEMINI_LIMITS", SETTING_STR, AT(model_limits), "",
		"of all workers together: \"a rpm=1000 tpm=1000000 rpd=10000; b rpm=60\"" },
	{ "PRO_CONCURRENT", SETTING_INT, AT(pro_concurrent), "16",
		"replies of one Pro user written at once", 1, 100000 },
	{ "BASIC_CONCURRENT", SETTING_INT, AT(basic_concurrent), "4",
		"replies of one Basic user written at once", 1, 100000 },
	{ "REPLY_PATIENCE_S", SETTING_INT, AT(patience_s), "86400",
		"a reply that is owed for longer is given up", 1, 31536000 },
	{ "SYSTEM_PROMPT", SETTING_STR, AT(system_prompt), "",
		"said to the model before every turn" },
	{ "WORKER_CONCURRENCY", SETTING_INT, AT(concurrency), "256",
		"answers in hand at once", 1, 20000 },
	{ "WORKER_LEASE_MS", SETTING_INT, AT(lease_ms), "30000",
		"how long a silent worker keeps a reply", 1000, 600000 },
	{ "WORKER_ATTEMPTS", SETTING_INT, AT(attempts_max), "5", "calls per reply, at most",
		1, 20 },
	{ "WORKER_RETRY_BASE_MS", SETTING_INT, AT(retry_base_ms), "1000",
		"first delay before a retry; doubles, with full jitter", 1, 60000 },
	{ "WORKER_DELTA_MS", SETTING_INT, AT(delta_ms), "20",
		"how long pieces of text are gathered for readers", 0, 1000 },
	{ "CONTEXT_TURNS", SETTING_INT, AT(context_turns), "20",
		"newest turns sent to the model", 1, 256 },
	{ "CONTEXT_MAX_TOKENS", SETTING_INT, AT(context_max_tokens), "50000",
		"of all turns sent, about; the newest always is", 1, 1000000 },
	{ "MAX_OUTPUT_TOKENS", SETTING_INT, AT(max_output_tokens), "0",
		"0: the model's own limit", 0, 1000000 },
	{ 0 },
};

/* ---- the queue ---- */

static unsigned room(void *ctx)
{
	const struct worker *w = ctx;

	return (unsigned)w->concurrency > w->in_hand ? (unsigned)w->concurrency - w->in_hand
						     : 0;
}

static void take(void *ctx, const struct taken_job *j)
{
	answer_take(ctx, j);
}

static void open_queue(struct worker *w)
{
	w->queue = jobq_taker_open(&(struct jobq_taker_options){ .loop = &w->app->loop,
		.redis = w->app->redis,
		.url = w->app->set.redis_url,
		.key = app_key(w->app, QUEUE_GEMINI),
		.client_name = w->name,
		.models = w->models,
		.model_count = w->model_count,
		.pro_cap = w->pro_concurrent,
		.basic_cap = w->basic_concurrent,
		.keep_ms = (uint64_t)w->lease_ms / 3,
		.room = room,
		.take = take,
		.ctx = w });
}

/* Every worker hears it; the one that has the reply breaks it off. */
static void on_stop(void *ctx, const struct event *ev)
{
	const struct msg_reply_stop *m = ev->data;
	struct worker *w = ctx;

	LIST_EACH (&w->answers, it) {
		struct answer *a = container_of(it, struct answer, link);

		if (uuid_eq(&a->reply_id, &m->reply_id))
			answer_stop(a);
	}
}

/* ---- what happens by the clock ---- */

static void retry_stores(struct worker *w, uint64_t now_ms)
{
	LIST_EACH (&w->waiting, it) {
		struct answer *a = container_of(it, struct answer, wait_link);

		if (a->retry_at_ms <= now_ms)
			answer_retry_store(a);
	}
}

static void beat(struct worker *w)
{
	LIST_EACH (&w->answers, it) {
		struct answer *a = container_of(it, struct answer, link);

		if (a->state == ANSWER_CALL || a->state == ANSWER_STORE)
			answers_heartbeat(a);
	}
}

/* Whatever is in hand, in whatever state: the queue is not to give it to anybody else. */
static void keep(struct worker *w)
{
	LIST_EACH (&w->answers, it)
		jobq_keep(w->queue, &container_of(it, struct answer, link)->reply_id);
}

static void on_tick(struct timer *timer)
{
	struct worker *w = container_of(timer, struct worker, tick);
	uint64_t now_ms = clock_mono_ms();

	retry_stores(w, now_ms);
	if (now_ms >= w->keep_at_ms) {
		w->keep_at_ms = now_ms + (uint64_t)w->lease_ms / 10;
		keep(w);
	}
	if (now_ms < w->beat_at_ms)
		return;
	w->beat_at_ms = now_ms + (uint64_t)w->lease_ms / 3;
	beat(w);
}

static void on_flush(struct timer *timer)
{
	struct worker *w = container_of(timer, struct worker, flush);
	struct list *link;

	while ((link = list_pop(&w->flushing)))
		reply_log_text(container_of(link, struct answer, flush_link));
}

/* ---- start, drain, stop ---- */

static void open_metrics(struct worker *w)
{
	struct metrics *m = w->app->metrics;
	char label[40];

	for (enum answer_end end = 0; end < ANSWER_ENDS; end++) {
		snprintf(label, sizeof label, "end=\"%s\"", answer_end_name(end));
		w->ends[end] = metrics_counter(
			m, "worker_replies_total", "Replies stored, by end", label);
	}
	w->retries = metrics_counter(
		m, "worker_retries_total", "Replies given back to try again", NULL);
	w->waits = metrics_counter(m, "worker_waits_total",
		"Replies given back because the model was down or at its limit", NULL);
	w->lost_leases = metrics_counter(m, "worker_leases_lost_total",
		"Replies that somebody else took over", NULL);
	w->prompt_tokens = metrics_counter(m, "gen_ai_client_token_usage_total",
		"Tokens of stored replies", "type=\"input\"");
	w->output_tokens = metrics_counter(m, "gen_ai_client_token_usage_total",
		"Tokens of stored replies", "type=\"output\"");
	w->first_chunk = metrics_histogram(m,
		"gen_ai_client_operation_time_to_first_chunk_seconds",
		"From the call to the first text", NULL);
	w->duration = metrics_histogram(m, "gen_ai_client_operation_duration_seconds",
		"From the call to its end", NULL);
}

static void check(struct app *app, struct buf *problems)
{
	struct worker *w = worker_of(app);
	const char *why = models_read(&app->arena, w->gemini_model, w->fallback_models,
		w->model_limits, w->models, &w->model_count);

	if (why)
		buf_addf(problems, "%s\n", why);
	links_check_outside(app, "GEMINI_BASE_URL", w->gemini_base_url, problems);
}

static void name_worker(struct worker *w)
{
	char host[64] = "", boot[9];
	uint32_t n;

	gethostname(host, sizeof host - 1);
	random_bytes(&n, sizeof n);
	hex_format(&n, sizeof n, boot);
	snprintf(w->name, sizeof w->name, "%s-%d-%s", host, (int)getpid(), boot);
}

static void name_call(struct worker *w)
{
	struct arena *a = &w->app->arena;

	for (unsigned i = 0; i < w->model_count; i++)
		w->urls[i] = arena_fmt(a,
			"%s/v1beta/models/%s:streamGenerateContent?alt=sse",
			w->gemini_base_url, w->models[i].name)
				     .ptr;
	w->headers[0] = arena_fmt(a, "x-goog-api-key: %s", w->gemini_api_key).ptr;
	w->headers[1] = "Content-Type: application/json";
	w->headers[2] = "Accept: text/event-stream";
}

static enum err worker_start(struct app *app)
{
	struct worker *w = app->self;

	w->app = app;
	list_init(&w->answers);
	list_init(&w->waiting);
	list_init(&w->flushing);
	name_worker(w);
	name_call(w); /* check has read the models */
	open_metrics(w);
	w->out = outbound_open(&app->loop, (unsigned)w->concurrency);
	model_limits_open(w);
	answers_store_open(w);
	timer_open(&app->loop, &w->flush, on_flush);
	timer_open(&app->loop, &w->tick, on_tick);
	timer_start(&w->tick, TICK_MS, TICK_MS);
	w->beat_at_ms = clock_mono_ms() + (uint64_t)w->lease_ms / 3;
	bus_listen(app, &MSG_REPLY_STOP, on_stop, w);
	open_queue(w);
	return ERR_OK;
}

static bool worker_ready(struct app *app)
{
	return jobq_is_up(worker_of(app)->queue);
}

/* Answers in hand are finished; those that would take too long go back to the queue,
 * unburnt. */
static bool worker_drain(struct app *app)
{
	struct worker *w = worker_of(app);
	uint64_t now_ms = clock_mono_ms();

	if (!w->drain_since_ms) {
		w->drain_since_ms = now_ms;
		jobq_pause(w->queue);
	}
	if (!w->handed_back &&
		now_ms - w->drain_since_ms >= (uint64_t)app->set.drain_grace_ms / 2) {
		w->handed_back = true;
		LIST_EACH (&w->answers, it)
			answer_hand_back(container_of(it, struct answer, link));
	}
	return w->in_hand == 0;
}

static void out_closed(void *ctx)
{
	app_stopped(ctx);
}

static void queue_closed(void *ctx)
{
	struct worker *w = ctx;

	outbound_close(&w->out, out_closed, w->app);
}

static void worker_stop(struct app *app)
{
	struct worker *w = worker_of(app);

	timer_close(&w->tick, NULL);
	timer_close(&w->flush, NULL);
	w->stopping = true;
	LIST_EACH (&w->answers, it)
		answer_abandon(container_of(it, struct answer, link));
	answers_store_close(w);
	model_limits_close(w);
	jobq_taker_close(&w->queue, queue_closed, w);
}

int main(int argc, char **argv)
{
	return app_main(argc, argv,
		&(struct app_spec){ .name = "ai-worker",
			.self_size = sizeof(struct worker),
			.uses = USES_PG | USES_REDIS | USES_PUBSUB,
			.settings = settings,
			.check = check,
			.start = worker_start,
			.ready = worker_ready,
			.drain = worker_drain,
			.stop = worker_stop,
			.command = dead_command });
}
