/*
 * queue - puts replies that are owed into the Gemini queue.
 */
#ifndef CHAT_QUEUE_H
#define CHAT_QUEUE_H

#include "chat.h"

/* Fire and forget: what Redis loses, the sweep adds again. */
void queue_add(struct chat *c, bool is_pro, const struct uuid *room_id,
	const struct uuid *reply_id, struct str traceparent);

#endif
