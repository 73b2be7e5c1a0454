#include "gemini.h"

#include <stdlib.h>

#include "http/reply.h"

/* Prompts remembered for [[fail_times]]; past it they are forgotten all at once. */
#define FAILED_MAX 10000

struct failed_prompt {
	struct map_node node; /* key: the bytes behind this struct */
	int64_t times;
};

outcome_t stats_get(struct task *t)
{
	const struct gemini *g = t->app->self;
	const struct gemini_stats *s = &g->stats;
	struct json_writer *w = reply_body(t);

	json_object(w, NULL);
	json_put_i64(w, "calls", s->calls);
	json_put_i64(w, "streams", s->streams);
	json_put_i64(w, "count_tokens", s->counts);
	json_put_i64(w, "open", s->open);
	json_put_i64(w, "open_streams", s->open_streams);
	json_put_i64(w, "errors", s->errors);
	json_put_i64(w, "aborted", s->aborted);
	json_put_i64(w, "last_aborted_us", s->aborted_at_us);
	json_end(w);
	return reply_json(t, 200);
}

static void forget(struct map_node *node, void *ctx)
{
	struct gemini *g = ctx;

	map_remove(&g->failed, node);
	free(container_of(node, struct failed_prompt, node));
}

/* What is open stays counted: it is true, not history. */
outcome_t reset_post(struct task *t)
{
	struct gemini *g = t->app->self;

	map_each(&g->failed, forget, g);
	g->stats = (struct gemini_stats){
		.open = g->stats.open,
		.open_streams = g->stats.open_streams,
	};
	return reply_empty(t, 204);
}

int64_t failed_before(struct gemini *g, struct str prompt)
{
	struct map_node *node = map_find(&g->failed, prompt);
	struct failed_prompt *f;

	if (node)
		return container_of(node, struct failed_prompt, node)->times++;
	if (g->failed.count >= FAILED_MAX)
		map_each(&g->failed, forget, g);
	f = calloc(1, sizeof *f + prompt.len);
	if (!f)
		abort();
	memcpy(f + 1, prompt.ptr, prompt.len);
	f->node.key = str_span((const char *)(f + 1), prompt.len);
	f->times = 1;
	map_insert(&g->failed, &f->node);
	return 0;
}

void stats_fini(struct gemini *g)
{
	map_each(&g->failed, forget, g);
	map_fini(&g->failed);
}
