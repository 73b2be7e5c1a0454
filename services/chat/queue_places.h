/*
 * queue_places - where replies that wait stand in the queue, for people to see.
 */
#ifndef CHAT_QUEUE_PLACES_H
#define CHAT_QUEUE_PLACES_H

#include "chat.h"
#include "rooms_store.h"

/* Some of them are queued. */
bool places_wanted(const struct message *messages, int count);
/* Fills in `place` and `start_at_us` of those of the messages that are queued; what the
 * queue does not say (it is away, a worker has just taken it) stays unset. `next` gets
 * ERR_OK. */
outcome_t places_read(
	struct task *t, struct message *messages, int count, step_fn *next) MUST_USE;

#endif
