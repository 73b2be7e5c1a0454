#include "retry.h"

#include "base/clock.h"
#include "base/pacific.h"

#define DELAY_MAX_MS    60000
#define UNKNOWN_REST_MS 600000 /* until a model that did not exist is tried again */

/* Full jitter: the whole range, not its upper part. */
int64_t retry_backoff_ms(const struct answer *a)
{
	int64_t base = a->worker->retry_base_ms, cap = base;

	if (a->burnt)
		cap = a->attempts < 16 ? base << (a->attempts - 1) : DELAY_MAX_MS;
	if (cap > DELAY_MAX_MS)
		cap = DELAY_MAX_MS;
	return (int64_t)random_below((uint64_t)cap + 1);
}

/* How long the model wants no calls: it said so in one of two places, or not at all (0). */
static int64_t rest_ms(const struct answer *a)
{
	int64_t header_ms = a->call.retry_after_s > 0 ? a->call.retry_after_s * 1000 : 0;
	int64_t body_ms = a->said.retry_ms > 0 ? a->said.retry_ms : 0;

	return header_ms > body_ms ? header_ms : body_ms;
}

void retry_tell_queue(struct answer *a, enum model_news news)
{
	struct worker *w = a->worker;
	int64_t used = a->said.prompt_tokens + a->said.output_tokens;

	switch (news) {
	case NEWS_ANSWERED:
		if (!a->heard)
			jobq_model_answered(w->queue, a->model);
		break;
	case NEWS_DOWN:
		jobq_model_down(w->queue, a->model);
		break;
	case NEWS_RESTS:
		jobq_model_rests(w->queue, a->model, rest_ms(a));
		break;
	case NEWS_DAY_USED:
		jobq_model_rests(
			w->queue, a->model, pacific_day_left_s(clock_wall_s()) * 1000);
		break;
	case NEWS_UNKNOWN:
		jobq_model_rests(w->queue, a->model, UNKNOWN_REST_MS);
		break;
	case NEWS_NONE:
		break;
	}
	if (w->models[a->model].tpm > 0 && used > 0)
		jobq_tokens(w->queue, a->model, used - a->reckoned);
}

/* An attempt counts when it is likely to be about this very prompt: the model broke over
 * it, answered rubbish, or answered others meanwhile. An outage or a limit burns none. */
bool retry_counts(const struct answer *a, enum err transport, enum model_news news)
{
	const struct jobq_model *m = &a->worker->models[a->model];

	if (news != NEWS_DOWN)
		return news == NEWS_ANSWERED || news == NEWS_NONE;
	if (transport == ERR_INVALID || a->call.status == 500)
		return !m->blocked;
	return m->answered_ms > a->called_at_us / 1000;
}
