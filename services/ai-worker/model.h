/*
 * model - what the model said: GenerateContentResponse pieces and error bodies, read
 * without I/O.
 *
 * Everything in them may be absent (proto3 JSON) and anything new may be present. Counts
 * are cumulative: the last one seen holds. The last finishReason holds, wherever it stood.
 * A stream that ends without one was cut. (Gemini API: generateContent, api-errors;
 * google.rpc error_details.)
 */
#ifndef WORKER_MODEL_H
#define WORKER_MODEL_H

#include "base/buf.h"
#include "base/err.h"

struct model_said {
	char finish_reason[48]; /* "" until one was seen */
	char block_reason[48];  /* promptFeedback.blockReason */
	char version[96];       /* modelVersion: what served */
	int64_t prompt_tokens;
	int64_t output_tokens; /* candidates and thoughts: what is billed */
	bool failed;           /* an error object came */
	int code;              /* its HTTP code */
	char status[48];       /* "RESOURCE_EXHAUSTED" */
	int64_t retry_ms;      /* RetryInfo.retryDelay; -1: none */
	bool per_day; /* a QuotaFailure of a quota per day: waiting a minute is no use */
};

/* One chunk; its text, if any, is appended to *text. ERR_INVALID: not JSON as it should be.
 */
enum err model_read(struct model_said *said, struct str json, struct buf *text)
	__attribute__((warn_unused_result));
/* The body of an answer that is not 200. Never fails: what cannot be read stays unknown. */
void model_read_error(struct model_said *said, int http_status, struct str body);

/* How an answer can end. */
enum answer_end {
	END_COMPLETE,
	END_TRUNCATED,  /* MAX_TOKENS */
	END_BLOCKED,    /* the provider's filters: prompt or answer */
	END_INCOMPLETE, /* the stream was cut after text had come */
	END_FAILED,     /* with a reason for the user */
	END_RETRY,      /* nothing was shown yet, and trying again may help */
	END_STOPPED,    /* somebody asked for it */
};
#define ANSWER_ENDS (END_STOPPED + 1)
const char *answer_end_name(enum answer_end end);

/* What to make of it. `why` (static text) is for the user, set when the end is FAILED or
 * INCOMPLETE. */
enum answer_end model_judge(const struct model_said *said, enum err transport,
	int http_status, bool has_text, const char **why);

/* What a call's end says about the model itself, whatever became of the answer. */
enum model_news {
	NEWS_NONE,     /* nothing: the caller broke it off, or is not let in */
	NEWS_ANSWERED, /* it is there */
	NEWS_DOWN,     /* it could not be reached, or is overloaded, or broke */
	NEWS_RESTS,    /* it wants no calls for a while (429); said->retry_ms if it said how
			  long */
	NEWS_DAY_USED, /* its requests of the day are used up */
	NEWS_UNKNOWN,  /* there is no such model (any more) */
};
enum model_news model_news_of(
	const struct model_said *said, enum err transport, int http_status);

#endif
