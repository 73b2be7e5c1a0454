/*
 * room_stream - all replies of a room told to one client: those that are owed when it
 * connects, from their beginning, and each that is accepted later. It does not end by
 * itself.
 *
 * What is told is a number of tellings side by side, at most ROOM_TELLINGS begun by the
 * stream itself; further replies wait for one to end. The floor of places.h rises once the
 * bell says that no older reply can turn up any more.
 */
#ifndef CHAT_ROOM_STREAM_H
#define CHAT_ROOM_STREAM_H

#include "places.h"
#include "stream.h"
#include "stream_store.h"

#define ROOM_TELLINGS 32

/* from: the client's place; NULL: it has none. found: the room's replies after its floor,
 * or the newest ones, read just now. Both are borrowed for this call. Ends the task. */
outcome_t room_stream(struct task *t, const struct uuid *room_id,
	const struct room_place *from, const struct reply_list *found) MUST_USE;

#endif
