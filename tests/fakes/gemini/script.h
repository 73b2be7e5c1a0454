/*
 * script - what a prompt asks the simulator to do, by directives anywhere in its text:
 * `[[delay=500 chunks=20]]`. README.md lists them.
 *
 * Unknown words are ignored: people write brackets too. Pure functions.
 */
#ifndef FAKES_GEMINI_SCRIPT_H
#define FAKES_GEMINI_SCRIPT_H

#include "base/arena.h"

struct script {
	/* how the answer comes */
	int64_t delay_ms, chunks, chunk_delay_ms;
	int64_t bytes; /* of text; 0: a few sentences */
	bool echo;     /* the prompt, without its directives, is the answer */
	bool think;    /* a thought comes first */
	/* what goes wrong */
	int64_t status;      /* 0: 200 */
	int64_t retry_s;     /* RetryInfo of a 429; -1: an error without details */
	int64_t fail_times;  /* the faults hold for so many calls of this prompt; -1: always
			      */
	int64_t cut_after;   /* chunks, then the connection breaks; -1: never */
	int64_t error_after; /* chunks, then a bare error object; -1: never */
	int64_t hang_after;  /* chunks, then silence; -1: never */
	bool per_day, hang, garbage, empty, no_finish;
	struct str block;  /* promptFeedback.blockReason; empty: not blocked */
	struct str finish; /* finishReason; empty: STOP */
};

#define SCRIPT_PLAIN                                                                       \
	{                                                                                  \
		.retry_s = -1, .fail_times = -1, .cut_after = -1, .error_after = -1,       \
		.hang_after = -1                                                           \
	}

/* Changes what the text speaks of; strings point into the text. */
void script_read(struct script *s, struct str text);
/* Takes back what goes wrong, leaves how the answer comes. */
void script_forgive(struct script *s);
/* The text without its directives. */
struct str script_strip(struct arena *a, struct str text);

#endif
