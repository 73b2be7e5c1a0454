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
struct streams;
struct bells;

struct chat {
	struct app *app;
	int64_t basic_daily_messages, pro_daily_messages;
	int64_t message_max_bytes;
	int64_t rooms_max;        /* per user */
	int64_t streams_per_user; /* open at a time, in this process */
	struct pg_batch *accepts; /* messages on their way into the record */
	struct inbox *tiers;      /* billing.tier.changed */
	struct sweep *sweep;
	struct feeds *feeds;     /* replies that somebody reads as they are written */
	struct streams *streams; /* their readers */
	struct jobq *queue;      /* replies that are owed, on their way to a worker */
	struct bells *bells;     /* rooms that somebody reads */
	struct inbox *sessions;  /* auth.sessions.revoked */
	uint64_t *accepted, *refused_quota, *replayed; /* counters */
};

static inline struct chat *chat_of(const struct task *t)
{
	return t->app->self;
}

/* rooms.c */
handler_fn room_create, room_list, room_show;
/* send.c */
handler_fn message_send;
/* events.c */
handler_fn reply_events, room_events, reply_stop;
/* tickets.c */
handler_fn ticket_create;
/* tiers.c */
struct inbox *tiers_open(struct app *app);
/* sessions.c */
struct inbox *sessions_open(struct app *app);

#endif
