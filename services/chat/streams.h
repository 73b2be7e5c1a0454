/*
 * streams - all that this process tells or awaits: by the clock, by user, and at a drain.
 * The inside of stream.c, streams.c and await.c.
 */
#ifndef CHAT_STREAMS_H
#define CHAT_STREAMS_H

#include "base/map.h"
#include "stream.h"

struct streams {
	struct chat *chat;
	struct list all;      /* struct stream.link */
	struct list awaiting; /* struct await.link */
	struct map by_user;   /* struct user_streams */
	struct timer tick;
	struct buf scratch; /* events on their way to a connection: empty between calls */
	bool handing_over;
};

/* Counts a stream of this user; streams_leave counts it no more. */
struct user_streams *streams_enter(struct streams *all, const struct uuid *user_id);
void streams_leave(struct streams *all, struct user_streams **u);

/* stream.c, await.c: called at every tick. */
void stream_check(struct stream *s, uint64_t now_ms);
void awaits_check(struct streams *all, uint64_t now_ms);
/* await.c: whoever waits with this session is answered at once. */
void awaits_end_session(struct streams *all, const struct uuid *session_id);

#endif
