/*
 * stream_store - the SQL of room streams: which replies a room has, newer than some id.
 * Every statement names the owner: a room of somebody else is the same as none.
 */
#ifndef CHAT_STREAM_STORE_H
#define CHAT_STREAM_STORE_H

#include "app/task.h"

#define REPLIES_MAX 1000 /* in a list */

struct reply_state {
	struct uuid id;
	bool owed; /* its end is not in the record yet */
};
struct reply_list {
	struct reply_state *replies; /* in the task's arena, by id */
	int count;                   /* REPLIES_MAX: there may be more */
};

/* The oldest replies with an id above `after`. ERR_NOT_FOUND: no such room of that user's.
 */
outcome_t replies_after(struct task *t, const struct uuid *room_id,
	const struct uuid *user_id, const struct uuid *after, struct reply_list *out,
	step_fn *next) MUST_USE;

/* The newest replies. The same. */
outcome_t replies_newest(struct task *t, const struct uuid *room_id,
	const struct uuid *user_id, struct reply_list *out, step_fn *next) MUST_USE;

#endif
