/*
 * feed - one reply as it is being written, followed in Redis once per process for all its
 * readers.
 *
 * The feed keeps the text so far and wakes its readers when there is more; each reader
 * knows how far it has got, so that a reader that comes back, or is slow, simply takes what
 * it lacks. The log (services/ai-worker/reply_log.h) is read at every ring of its doorbell
 * and, less and less often while nothing comes, without one; when it is gone, or Redis is,
 * the record in Postgres tells the end.
 *
 * Use:   feed_join with a reader; changed is called from the loop; feed_leave.
 * Owns:  the text and the watch on the doorbell; gone with its last reader.
 */
#ifndef CHAT_FEED_H
#define CHAT_FEED_H

#include "chat.h"
#include "rooms_store.h"

struct feed;

struct feed_reader {
	struct list link;
	/* There is more text, a new attempt, or the end. The reader may leave in it. */
	void (*changed)(struct feed_reader *r);
	struct feed *feed;
};

/* Where a reply that was not begun stands in the queue. */
struct feed_place {
	int64_t place;       /* 1: the next; 0: it waits for a moment, or it is not known */
	int64_t start_at_us; /* about; 0: nobody can say */
};

/* What readers look at. */
struct feed_view {
	int64_t attempt;  /* who wrote it; 0: none has begun */
	unsigned version; /* of the text: what was taken of another one is void */
	struct str text;
	const struct message *end; /* the stored reply, once it has ended; NULL before */
	struct feed_place queue;
	unsigned queue_version; /* 0: where it stands was not asked yet */
};
const struct feed_view *feed_view(const struct feed *f);

struct feeds;
struct feeds *feeds_open(struct chat *c);
void feeds_close(struct feeds **f); /* every reader has left */

/* What a feed is of. */
struct feed_of {
	struct uuid room_id, user_id, reply_id;
	bool ended; /* known to have: the record is asked at once */
};
void feed_join(struct feeds *all, const struct feed_of *of, struct feed_reader *r);
void feed_leave(struct feed_reader *r);

/* To all processes: the reply has ended without a worker; the record says how. */
void feed_ring_ended(struct chat *c, const struct uuid *reply_id);

/* For queue_watch.c: ids of replies that nobody has begun, at most `max`, each time others.
 */
bool feeds_any_waits(const struct feeds *all);
int feeds_that_wait(struct feeds *all, struct uuid *ids, int max);
void feeds_place(
	struct feeds *all, const struct uuid *reply_id, const struct feed_place *place);

#endif
