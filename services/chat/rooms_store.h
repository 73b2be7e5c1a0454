/*
 * rooms_store - the SQL of rooms and of reading what was said in them. Every statement
 * names the caller: a room of somebody else is the same as none.
 */
#ifndef CHAT_ROOMS_STORE_H
#define CHAT_ROOMS_STORE_H

#include "app/task.h"

struct room {
	struct uuid id, user_id;
	struct str name;
	struct str system_prompt; /* ptr NULL: none, or not read */
	struct uuid leaf_id; /* last message of the active branch; nil: none, or not read */
	int64_t created_at_us, active_at_us;
};

struct message {
	struct uuid id, parent_id; /* parent_id nil: none */
	struct str sender, state, content;
	int64_t created_at_us, finished_at_us; /* finished 0: not yet, or not a reply */
	struct str model, model_version, finish_reason, error; /* ptr NULL: none */
	/* replies that have ended: what the user was charged for, what the model was told
	 */
	int64_t prompt_tokens, output_tokens; /* -1: nothing was charged */
	bool usage_estimated;                 /* the provider gave no counts */
	int64_t context_turns, left_out;      /* -1: not known */
	struct str *siblings; /* ids of all that share its parent, in order */
	int sibling_count;    /* 0: it has none */
	int64_t place;        /* in the queue (queue_places.h); 0: not known */
	int64_t start_at_us;  /* when about it will be begun; 0: nobody can say */
};

/* Queued or being generated: a reply whose end is not in the record yet. */
bool message_is_owed(const struct message *m);
/* With all its text in the arena. */
struct message message_copy(struct arena *a, const struct message *m);

struct room_page {
	struct room *rooms;
	int count;
};

struct message_page {
	struct room room;
	struct message *messages; /* newest first */
	int count;
	bool is_branched; /* rooms_read: its messages are rooms_read_branches' to read */
};

/* ERR_BUSY when the user has rooms_max already. room->created_at_us is set. */
outcome_t rooms_insert(
	struct task *t, struct room *room, int64_t rooms_max, step_fn *next) MUST_USE;

/* The caller's rooms, newest activity first, those after (before_us, before_id) in that
 * order; before_us 0: from the newest. */
outcome_t rooms_list(struct task *t, int64_t before_us, const struct uuid *before_id,
	int64_t limit, struct room_page *out, step_fn *next) MUST_USE;

/* What of a room's messages: the newest `limit` before one of them (nil: from the end). */
struct page_wish {
	struct uuid before;
	int64_t limit;
	bool all; /* every branch, not just the active one (or the one `before` is on) */
};
/* Of a branched room without messages: those cost more to read, which an ordinary room is
 * spared. ERR_NOT_FOUND. */
outcome_t rooms_read(struct task *t, const struct uuid *room_id,
	const struct page_wish *wish, struct message_page *out, step_fn *next) MUST_USE;
outcome_t rooms_read_branches(struct task *t, const struct uuid *room_id,
	const struct page_wish *wish, struct message_page *out, step_fn *next) MUST_USE;

/* What is to change; ptr NULL, nil: stays. An empty system prompt is none. */
struct room_changes {
	struct str name, system_prompt;
	struct uuid
		active_message_id; /* the branch to its newest descendant becomes active */
};
/* room->id names the room, the rest is filled in. ERR_NOT_FOUND; ERR_INVALID: the message
 * is not of this room. */
outcome_t rooms_change(struct task *t, const struct room_changes *changes,
	struct room *room, step_fn *next) MUST_USE;

/* One reply of a room of this user's. ERR_NOT_FOUND. (Also for tasks without a caller.) */
outcome_t rooms_read_reply(struct task *t, const struct uuid *room_id,
	const struct uuid *user_id, const struct uuid *reply_id, struct message *out,
	step_fn *next) MUST_USE;

#endif
