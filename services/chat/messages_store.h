/*
 * messages_store - accepting messages: the owner check, the idempotency record, the quota,
 * the user's message, the reply that is owed and its job, in one statement for all messages
 * of a turn.
 */
#ifndef CHAT_MESSAGES_STORE_H
#define CHAT_MESSAGES_STORE_H

#include "app/task.h"
#include "data/pg_batch.h"

struct chat;

enum accept_outcome {
	ACCEPT_ACCEPTED,
	ACCEPT_REPLAYED, /* the same key and message as before: the ids are the first one's
			  */
	ACCEPT_NO_ROOM,  /* none of the caller's */
	ACCEPT_KEY_REUSED, /* the key belongs to another message */
	ACCEPT_NO_QUOTA,
};

struct accept {
	/* asked */
	struct uuid user_id, room_id;
	struct uuid message_id, reply_id; /* new ids; on ACCEPT_REPLAYED the first one's */
	struct str content;
	struct str key;          /* Idempotency-Key; ptr NULL: none */
	uint8_t fingerprint[32]; /* of room and content; with a key */
	struct str traceparent;
	/* answered */
	enum accept_outcome outcome;
	int64_t created_at_us;
	bool is_pro;
	int64_t used, allowed; /* messages today, this one included if it was accepted */
	/* private */
	struct pg_batch_item item;
	struct task *task;
};

struct pg_batch *messages_accepts_open(struct chat *c);

/* next gets ERR_OK with a->outcome, or ERR_UNSURE (the same key tells the truth later), ...
 */
outcome_t messages_accept(struct task *t, struct accept *a, step_fn *next) MUST_USE;

#endif
