/*
 * places - the ids of events: how far a client has been told, in a form that any copy of
 * chat can go on from.
 *
 * Of one reply:  <bytes told>-<hash of them>        "-end" behind it: its end, too
 * Of a room:     <floor>[~<up to>~<count>-<sum>]{.<reply>[-<bytes told>-<hash>]}
 *
 * The floor is a UUID: no reply up to it lacks anything. Of replies above it, those begun
 * follow with how far, and those told to their end with nothing; what is not named was not
 * begun. A reply is named by the last six bytes of its id, which are drawn at random. Where
 * there are many told to their end, those up to some id are not named but counted, and
 * their ids added up: the record shows whether it has just these.
 *
 * A place says what the client has, and is compared with the text before it is believed;
 * who invents one confuses only itself. Plain functions, no I/O.
 */
#ifndef CHAT_PLACES_H
#define CHAT_PLACES_H

#include "base/buf.h"
#include "base/id.h"

struct stream_place {
	size_t told;
	uint64_t hash; /* FNV-1a of the bytes told: can be carried on */
	bool given; /* by the client: it was told so much, perhaps nothing but the start */
	bool ended; /* it was told the end */
};
/* Nothing told; the hash of nothing. */
/* clang-format off */
#define STREAM_START { 0, 0xcbf29ce484222325u, false, false }
/* clang-format on */

/* These bytes were told next. */
void place_move(struct stream_place *p, struct str bytes);
/* Is that how the text begins? Reads all that was told. */
bool place_begins(const struct stream_place *p, struct str text);
bool place_parse(struct str text, struct stream_place *out);
void place_put(struct buf *out, const struct stream_place *p);

/* So many replies, with the sum of the ends of their ids. */
struct id_sum {
	size_t count;
	uint64_t sum;
};
void id_sum_add(struct id_sum *s, const struct uuid *id);

#define ROOM_PLACE_MAX  64 /* replies named; what finds no room is told once more */
#define PLACE_NAME_SIZE 6
struct room_place {
	struct uuid floor;
	struct uuid summed_to; /* not above the floor: nothing is summed */
	struct id_sum summed;
	unsigned count;
	struct {
		uint8_t name[PLACE_NAME_SIZE];
		struct stream_place at;
	} reply[ROOM_PLACE_MAX];
};
bool room_place_parse(struct str text, struct room_place *out);
/* What it says of this reply; NULL: nothing. */
const struct stream_place *room_place_find(
	const struct room_place *p, const struct uuid *reply_id);
/* The floor first, then the sum if there is one, then each reply. */
void room_place_put_floor(struct buf *out, const struct uuid *floor);
void room_place_put_sum(
	struct buf *out, const struct uuid *up_to, const struct id_sum *sum);
void room_place_put_reply(
	struct buf *out, const struct uuid *reply_id, const struct stream_place *at);

/* Ids by their order; a UUIDv7's is that of time. */
int uuid_order(const struct uuid *a, const struct uuid *b);
/* The last id before this one. */
struct uuid uuid_before(const struct uuid *u);
/* Less than every UUIDv7 of this time or later. */
struct uuid uuid_at(int64_t wall_us);

#endif
