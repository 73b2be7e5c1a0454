/*
 * chat - rooms, messages, quota; hands replies that are owed to the queue.
 *
 * A message travels: send.c -> messages_store.c (one statement for all that came in this
 * turn) -> queue.c -> ai-worker. sweep.c adds to the queue again what is owed, in case it
 * was lost.
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "app/app.h"

struct pg_batch;
struct inbox;
struct jobq;
struct sweep;
struct feeds;
struct queue_watch;
struct streams;
struct bells;

struct chat {
	struct app *app;
	int64_t basic_daily_messages, pro_daily_messages;
	int64_t basic_daily_tokens, pro_daily_tokens; /* -1: by the messages; 0: no limit */
	int64_t reply_reserve_tokens;
	int64_t message_max_bytes;
	int64_t rooms_max;         /* per user */
	int64_t streams_per_user;  /* open at a time, in this process */
	struct pg_batch *accepts;  /* messages on their way into the record */
	struct pg_batch *branches; /* those that name a target, one by one */
	struct inbox *tiers;       /* billing.tier.changed */
	struct sweep *sweep;
	struct queue_watch *queue_watch; /* where those stand that nobody has begun */
	struct feeds *feeds;     /* replies that somebody reads as they are written */
	struct streams *streams; /* their readers */
	struct jobq *queue;      /* replies that are owed, on their way to a worker */
	struct bells *bells;     /* rooms that somebody reads */
	uint64_t *accepted, *refused_quota, *replayed; /* counters */
};

static inline struct chat *chat_of(const struct task *t)
{
	return t->app->self;
}

/* Tokens a user of the tier may use per day; 0: no limit. */
int64_t chat_daily_tokens(const struct chat *c, bool is_pro);

/* rooms.c */
handler_fn room_create, room_list, room_show;
/* room_change.c */
handler_fn room_change;
/* send.c */
handler_fn message_send, message_edit, message_regenerate;
/* usage.c */
handler_fn usage_show;
/* events.c */
handler_fn reply_events, room_events, reply_stop;
/* tickets.c */
handler_fn ticket_create;
/* tiers.c */
struct inbox *tiers_open(struct app *app);

#endif
