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
	ACCEPT_NO_ROOM,  /* none of the caller's, or no such target in it */
	ACCEPT_STILL_OWED, /* the reply to make anew has not ended */
	ACCEPT_KEY_REUSED, /* the key belongs to another message */
	ACCEPT_NO_QUOTA,   /* the day's messages are used up */
	ACCEPT_NO_TOKENS,  /* the day's tokens would be */
};

/* Where in the room's tree it goes. */
enum accept_kind {
	ACCEPT_SEND,       /* to the end of the active branch */
	ACCEPT_EDIT,       /* beside target, a user's message; becomes the active branch */
	ACCEPT_REGENERATE, /* a reply beside target, a reply; likewise */
};

struct accept {
	/* asked */
	enum accept_kind kind;
	struct uuid user_id, room_id;
	struct uuid target_id;            /* with a kind other than send */
	struct uuid message_id, reply_id; /* new ids; on ACCEPT_REPLAYED the first one's */
	struct str content;      /* on return of ACCEPT_REGENERATE the answered message's */
	int32_t reserve_tokens;  /* what the reply may cost, held back until it has ended */
	struct str key;          /* Idempotency-Key; ptr NULL: none */
	uint8_t fingerprint[32]; /* of all that was asked; with a key */
	struct str traceparent;
	/* answered */
	enum accept_outcome outcome;
	int64_t created_at_us;
	int64_t said_at_us; /* of the user's message; created_at_us but for a regenerate */
	bool is_pro;
	int64_t used, allowed; /* messages today, this one included if it was accepted */
	/* private */
	struct pg_batch_item item;
	struct task *task;
};

void messages_store_open(struct chat *c);
void messages_store_close(struct chat *c);

/* next gets ERR_OK with a->outcome, or ERR_UNSURE (the same key tells the truth later), ...
 */
outcome_t messages_accept(struct task *t, struct accept *a, step_fn *next) MUST_USE;

#endif
