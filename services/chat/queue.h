/*
 * queue - replies that are owed, on their way into the queue (data/jobq.h).
 */
#ifndef CHAT_QUEUE_H
#define CHAT_QUEUE_H

#include "chat.h"

struct owed {
	struct uuid room_id, reply_id, user_id;
	bool is_pro;
	int64_t created_us;
	int64_t not_before_us;  /* 0: now */
	struct str traceparent; /* ptr NULL: none */
};

/* Fire and forget: what is lost on the way the sweep adds again. */
void queue_add(struct jobq *q, const struct owed *o);

#endif
