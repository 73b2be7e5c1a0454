/*
 * stream - a reply told to one client as server-sent events (WHATWG HTML 9.2), or awaited
 *whole.
 *
 *	reply.started  {"id","chatroom_id","attempt"}   text that was told before is void
 *	reply.delta    {"id","text"}
 *	reply.done | reply.blocked | reply.failed | reply.stopped   {"id","state",...}
 *
 * `id:` is "<bytes told>-<hash of them>": whoever comes back with it (Last-Event-ID) is
 *told exactly what is missing, by any copy of chat, from the log or from the record; if
 *what it was told is not how the text begins (another attempt wrote it), it is told to
 *start anew.
 *
 * A client that does not take what it is told for CONN_WAITING_MAX bytes is cut off: it can
 *come back.
 */
#ifndef CHAT_STREAM_H
#define CHAT_STREAM_H

#include "chat.h"
#include "feed.h"

struct streams;
struct streams *streams_open(struct chat *c);
/* Ends every stream at an event's end, asking clients to come back somewhere else. */
void streams_hand_over(struct streams *s);
void streams_close(struct streams **s);

/* Whose reply it is, known to be the caller's. */
struct reply_ref {
	struct uuid room_id, reply_id;
};

/* Where the client stopped: Last-Event-ID or ?last_event_id=. False: not one of ours. */
struct stream_place {
	size_t told;
	uint64_t hash;
	bool given; /* by the client: it was told so much, perhaps nothing but the start */
};
/* Nothing told; the hash of nothing. */
/* clang-format off */
#define STREAM_START { 0, 0xcbf29ce484222325u, false }
/* clang-format on */
bool stream_place_read(struct task *t, struct stream_place *place);

/* Tells the reply from `place` on; ends the task. `first` (may be empty): events to tell
 * before. */
outcome_t stream_reply(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, struct str first) MUST_USE;
/* Tells a reply that has ended, from its record. */
outcome_t stream_ended(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, const struct message *m) MUST_USE;

/* `next` gets ERR_OK and *end (in the task's arena) when the reply has ended, ERR_TIMEOUT
 * after wait_ms. */
outcome_t stream_await(struct task *t, const struct reply_ref *ref, uint64_t wait_ms,
	struct message *end, step_fn *next) MUST_USE;

#endif
