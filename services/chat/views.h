/*
 * views - what clients see of rooms and messages, as JSON; and the cursors of pages.
 */
#ifndef CHAT_VIEWS_H
#define CHAT_VIEWS_H

#include "rooms_store.h"
#include "json/write.h"

#define SYSTEM_PROMPT_MAX 8000 /* characters */

/* The members of a room, into an open object. */
void view_room(struct json_writer *w, const struct room *r);
/* A message as an element of an open array. */
/* "queue": {"position", "estimated_start"}; 0: not known. */
void view_place(struct json_writer *w, int64_t place, int64_t start_at_us);
void view_place_members(struct json_writer *w, int64_t place, int64_t start_at_us);
void view_message(
	struct json_writer *w, const struct uuid *room_id, const struct message *m);
/* Its members, into an open object. */
void view_message_members(
	struct json_writer *w, const struct uuid *room_id, const struct message *m);

/* A place in a listing: a time (0 where only the id counts) and an id. Opaque to clients.
 */
struct cursor {
	int64_t at_us;
	struct uuid id;
};
struct str cursor_format(struct arena *a, const struct cursor *c);
bool cursor_parse(struct arena *a, struct str text, struct cursor *c);

#endif
