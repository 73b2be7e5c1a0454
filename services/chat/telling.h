/*
 * telling - one reply told as events, from some place on:
 *
 *	reply.queued   {"id","chatroom_id","position","estimated_start"}   whenever its
 *place changes reply.started  {"id","chatroom_id","attempt"}   text that was told before is
 *void reply.delta    {"id","text"} reply.done | reply.blocked | reply.failed |
 *reply.stopped   {"id","state",...}
 *
 * A telling takes from its reply what it has not told yet, a piece at a time, whenever the
 * stream that it belongs to has room: what a client does not take waits in the reply's
 * feed, once for all its readers, and not in the stream.
 *
 * Use:   telling_new, or telling_of_record for a reply that has ended; telling_put until
 *        it says that there is no more, again when `changed` was called; telling_free.
 * Owns:  its place in the feed.
 */
#ifndef CHAT_TELLING_H
#define CHAT_TELLING_H

#include "feed.h"
#include "places.h"

/* Whose reply it is, known to be the caller's. */
struct reply_ref {
	struct uuid room_id, reply_id;
};

struct telling {
	struct list link; /* of its stream */
	struct feed_reader reader;
	struct feed_view record;      /* of telling_of_record */
	const struct feed_view *view; /* the feed's, or record */
	void (*changed)(struct telling *g);
	void *stream;
	struct reply_ref ref;
	struct stream_place place;
	unsigned version;       /* of the text that was told */
	unsigned queue_version; /* of its place in the queue */
	bool resuming; /* place is the client's word, not yet compared with the text */
};

/* `ended`: it is known to have. The room is the caller's of t. */
struct telling *telling_new(struct task *t, const struct reply_ref *ref,
	const struct stream_place *from, bool ended, void (*changed)(struct telling *g));
/* m is borrowed. */
struct telling *telling_of_record(const struct reply_ref *ref,
	const struct stream_place *from, const struct message *m);
void telling_free(struct telling **g);

/* Has the client seen anything of it? */
static inline bool telling_is_begun(const struct telling *g)
{
	return g->version || g->resuming;
}

/* How ids of events are written: what is told together with g has a part in them. */
typedef void put_id_fn(struct telling *g, struct buf *out);

/* Adds what comes next, at most some 16 KiB of text; false: nothing, for now. After the end
 * (g->place.ended) always false. */
bool telling_put(struct telling *g, struct buf *out, put_id_fn *put_id);

#endif
