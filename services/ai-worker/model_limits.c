#include "model_limits.h"

#include <stdlib.h>

#include "http/outbound.h"
#include "worker.h"

#define FIRST_RETRY_MS 5000
#define RETRY_MS_MAX   300000
#define ANSWER_MAX     (256u << 10)

static const struct model_limit unknown = { 131072, 8192 };

struct one_model {
	struct outbound_call call;
	struct timer retry;
	struct model_limits *all;
	const char *name, *url;
	struct model_limit limit;
	uint64_t retry_ms;
	bool asking;
};

struct model_limits {
	struct outbound *out;
	const char *headers[2];
	unsigned count, open_timers;
	struct one_model models[JOBQ_MODELS_MAX];
};

static void ask_later(struct one_model *m)
{
	timer_start(&m->retry, m->retry_ms, 0);
	m->retry_ms = m->retry_ms * 2 < RETRY_MS_MAX ? m->retry_ms * 2 : RETRY_MS_MAX;
}

static void on_answer(struct outbound_call *call, enum err e)
{
	struct one_model *m = container_of(call, struct one_model, call);

	m->asking = false;
	if (e == ERR_OK && call->status == 200) {
		model_limit_read(buf_str(&call->answer), &m->limit);
		log_info("model-limits", L_Z("model", m->name),
			L_INT("input_tokens", m->limit.input_tokens),
			L_INT("output_tokens", m->limit.output_tokens));
	} else {
		log_info("model-limits-unknown", L_Z("model", m->name),
			L_INT("status", call->status), L_ERR(e));
		ask_later(m);
	}
	buf_fini(&call->answer);
}

static void ask(struct one_model *m)
{
	m->asking = true;
	m->call = (struct outbound_call){ .method = "GET",
		.url = m->url,
		.headers = m->all->headers,
		.body_max = ANSWER_MAX,
		.on_done = on_answer };
	outbound_send(m->all->out, &m->call);
}

static void on_retry(struct timer *timer)
{
	ask(container_of(timer, struct one_model, retry));
}

void model_limits_open(struct worker *w)
{
	struct model_limits *all = calloc(1, sizeof *all);

	if (!all)
		abort();
	w->limits = all;
	all->out = w->out;
	all->headers[0] = w->headers[0]; /* the key */
	all->count = w->model_count;
	for (unsigned i = 0; i < all->count; i++) {
		struct one_model *m = &all->models[i];

		m->all = all;
		m->name = w->models[i].name;
		m->url = arena_fmt(
			&w->app->arena, "%s/v1beta/models/%s", w->gemini_base_url, m->name)
				 .ptr;
		m->limit = unknown;
		m->retry_ms = FIRST_RETRY_MS;
		timer_open(&w->app->loop, &m->retry, on_retry);
		all->open_timers++;
		ask(m);
	}
}

static void timer_closed(struct timer *timer)
{
	struct model_limits *all = container_of(timer, struct one_model, retry)->all;

	if (--all->open_timers == 0)
		free(all);
}

void model_limits_close(struct worker *w)
{
	struct model_limits *all = w->limits;

	w->limits = NULL;
	for (unsigned i = 0; i < all->count; i++) {
		if (all->models[i].asking) {
			outbound_cancel(&all->models[i].call);
			buf_fini(&all->models[i].call.answer);
		}
		timer_close(&all->models[i].retry, timer_closed);
	}
}

struct model_limit model_limit_of(const struct worker *w, unsigned model)
{
	return w->limits->models[model].limit;
}
