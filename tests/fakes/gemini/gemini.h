/*
 * gemini - a simulator of Google's Gemini API: models, generateContent in all its forms,
 * countTokens, Google's error shape, and faults that a prompt asks for (script.h).
 *
 * It knows nothing: its answers are put together from the prompt, the same for the same
 * prompt, so that tests can foretell them.
 */
#ifndef FAKES_GEMINI_H
#define FAKES_GEMINI_H

#include "app/app.h"
#include "base/map.h"

struct gemini_stats {
	int64_t calls;         /* generateContent and streamGenerateContent */
	int64_t streams;       /* streamGenerateContent alone */
	int64_t counts;        /* countTokens */
	int64_t open;          /* calls being answered now */
	int64_t open_streams;  /* streams being answered now */
	int64_t errors;        /* answers with a status of 400 or more */
	int64_t aborted;       /* calls whose client left before the end */
	int64_t aborted_at_us; /* wall clock of the last such; 0: none */
};

struct gemini {
	/* settings */
	int64_t delay_ms, chunks, chunk_delay_ms, reply_bytes, input_tokens;
	struct gemini_stats stats;
	struct map failed;  /* struct failed_prompt.node, by prompt: for [[fail_times]] */
	struct buf scratch; /* where answers are put together; used within one step */
};

/* models.c */
struct gemini_model {
	const char *name;      /* as asked for, without "models/" */
	const char *serves_as; /* the model that answers for it; NULL: itself */
	const char *display_name;
	int64_t input_limit, output_limit;
};
/* NULL when there is no such model (any more). */
const struct gemini_model *model_find(struct str name);
outcome_t models_get(struct task *t);
outcome_t model_get(struct task *t);

/* generate.c */
outcome_t generate(struct task *t, struct str model, bool stream);
int64_t tokens_of(struct str text);

/* count.c */
outcome_t count_tokens(struct task *t, struct str model);

/* main.c: {model}:{verb} */
outcome_t model_post(struct task *t);

/* stats.c */
outcome_t stats_get(struct task *t);
outcome_t reset_post(struct task *t);
/* How many times this prompt has failed before now; counts one more. */
int64_t failed_before(struct gemini *g, struct str prompt);
void stats_fini(struct gemini *g);

/* errors.c */
outcome_t google_error(struct task *t, int status, const char *message);
struct google_quota {
	bool per_day;
	int64_t retry_s; /* -1: no RetryInfo */
};
/* 429 RESOURCE_EXHAUSTED with QuotaFailure and RetryInfo. */
outcome_t google_quota_error(struct task *t, const struct google_quota *q);
/* {"error":{...}} alone, as it can turn up in the middle of a stream. */
void google_error_write(struct buf *out, int status, const char *message);
/* What Google says with this status when it has nothing more special to say. */
const char *google_message(int status);
/* The key is there, and alone: else answers and returns false with the outcome in *o. */
bool key_ok(struct task *t, outcome_t *o);

#endif
