/*
 * room_bell - which replies a room comes to owe, heard by this process once for all
 * streams of the room.
 *
 * Whoever accepts a message rings the channel castor:<env>:room:{<room id>} with the
 * reply's id. A ring may be lost: at every (re)connect, when a stream joins, and every few
 * seconds, the record is asked for the replies of the last while. Ids are drawn before
 * their rows are committed, by clocks that differ a little: a list is only taken to be
 * complete for what is older than ROOM_LAG_US.
 *
 * Use:   bell_join with a listener, bell_leave; bell_ring where a message was accepted.
 * Owns:  the watch on the channel; gone with its last listener.
 */
#ifndef CHAT_ROOM_BELL_H
#define CHAT_ROOM_BELL_H

#include "chat.h"

#define ROOM_LAG_US (60 * 1000 * 1000)

struct bell;

struct bell_listener {
	struct list link;
	struct bell *bell;
	/* The room has this reply; heard more than once. The listener may leave in it. */
	void (*heard)(struct bell_listener *l, const struct uuid *reply_id, bool ended);
	/* Every reply up to this id has been heard, or is older than the joining. */
	void (*complete)(struct bell_listener *l, const struct uuid *up_to);
	/* The room is gone. The listener may leave in it. */
	void (*gone)(struct bell_listener *l);
};

struct bells;
struct bells *bells_open(struct chat *c);
void bells_close(struct bells **b); /* every listener has left */

void bell_join(struct bells *all, const struct uuid *room_id, const struct uuid *user_id,
	struct bell_listener *l);
void bell_leave(struct bell_listener *l);

/* Fire and forget. */
void bell_ring(struct chat *c, const struct uuid *room_id, const struct uuid *reply_id);

#endif
