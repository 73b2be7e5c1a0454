/*
 * worker - takes replies that are owed from the Gemini queue, has the model write them,
 * stores them.
 *
 * A job travels: queue (data/jobq.h), with the model that has a slot for it -> answer.c
 * (the states of one answer) -> answers_store.c (claim and end, many in one statement) and
 * model.c (what goes to the model and what comes back), with the text on its way to readers
 * through reply_log.c. The worker owns no table: it borrows a reply by lease, and the
 * fencing number decides who may end it.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "app/app.h"
#include "data/jobq.h"
#include "model.h"

struct outbound;
struct pg_batch;

struct worker {
	struct app *app;
	/* settings */
	const char *gemini_api_key, *gemini_base_url, *gemini_model;
	const char *fallback_models;              /* NULL: none */
	const char *model_limits;                 /* NULL: none */
	int64_t pro_concurrent, basic_concurrent; /* replies of one user at once */
	int64_t patience_s;        /* how long a reply may be owed before it is given up */
	const char *system_prompt; /* NULL: none */
	int64_t concurrency;       /* answers in hand at once */
	int64_t lease_ms;
	int64_t attempts_max;
	int64_t context_turns, context_max_tokens;
	int64_t max_output_tokens; /* 0: the model's own limit */
	int64_t retry_base_ms;
	int64_t delta_ms; /* how long pieces of text are gathered for readers */

	struct jobq_model models[JOBQ_MODELS_MAX]; /* in order of preference */
	unsigned model_count;
	const char *urls[JOBQ_MODELS_MAX]; /* of each model's streaming call */
	const char *headers[4];
	char name[128]; /* unique per process: host-pid-boot */
	struct jobq_taker *queue;
	struct outbound *out;
	struct model_limits *limits;
	struct pg_batch *claims, *finishes, *releases, *beats;
	struct list answers; /* all in hand; struct answer.link */
	struct list
		waiting; /* of them: those whose store was away; struct answer.wait_link */
	struct list flushing; /* of them: those with text not yet given to readers */
	unsigned in_hand;
	struct timer tick;  /* retries of the store, heartbeat */
	struct timer flush; /* runs while something is in flushing */
	uint64_t beat_at_ms, keep_at_ms;
	uint64_t drain_since_ms; /* 0: not draining */
	bool handed_back;
	bool stopping; /* answers were abandoned: what comes back is dropped */

	uint64_t *ends[ANSWER_ENDS]; /* by enum answer_end */
	uint64_t *retries, *waits, *lost_leases, *prompt_tokens, *output_tokens;
	struct histogram *first_chunk, *duration;
};

static inline struct worker *worker_of(struct app *app)
{
	return app->self;
}

#endif
