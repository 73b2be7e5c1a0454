/*
 * usage_store - what a user has used, by day.
 */
#ifndef CHAT_USAGE_STORE_H
#define CHAT_USAGE_STORE_H

#include "app/task.h"

struct usage_day {
	struct str day; /* "2026-11-22", UTC */
	int64_t messages, prompt_tokens, output_tokens;
};

struct usage {
	bool is_pro;
	struct usage_day *days; /* oldest first; the last is today */
	int count;
	int64_t reserved_tokens; /* today, for replies that are owed */
};

/* The caller's, of the last `days` days. */
outcome_t usage_read(
	struct task *t, int64_t days, struct usage *out, step_fn *next) MUST_USE;

#endif
