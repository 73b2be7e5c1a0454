/*
 * stream - what one client is told as server-sent events (WHATWG HTML 9.2): one reply to
 * its end, or a room's replies (room_stream.h); or one reply awaited whole.
 *
 * The events are those of telling.h. `id:` is a place (places.h): whoever comes back with
 * it (Last-Event-ID) is told exactly what is missing, by any copy of chat, from the log or
 * from the record; if what it was told is not how the text begins (another attempt wrote
 * it), it is told to start anew.
 *
 * A client that is slow is told at its own pace: a stream is told more only while less than
 * STREAM_ROOM bytes of it wait. One that takes nothing at all is cut off by the HTTP server
 * (write_ms); it can come back. So is a stream whose session has ended.
 */
#ifndef CHAT_STREAM_H
#define CHAT_STREAM_H

#include "telling.h"

#define STREAM_ROOM (128u << 10)

struct streams;
struct streams *streams_open(struct chat *c);
/* Ends every stream at an event's end, asking clients to come back somewhere else. */
void streams_hand_over(struct streams *s);
/* Ends those that were opened with this session; who awaits a reply waits no longer. */
void streams_end_session(struct streams *s, const struct uuid *session_id);
void streams_close(struct streams **s);
/* Has the caller of t fewer than STREAMS_PER_USER here? */
bool streams_allowed(const struct task *t);
/* 429, when it has not. */
outcome_t streams_refuse(struct task *t) MUST_USE;

/* Where the client stopped: Last-Event-ID or ?last_event_id=, ptr NULL: it did not say.
 * False: it cannot be read. */
bool stream_place_text(struct task *t, struct str *text);
/* The place of one reply in it. False: not one of ours. */
bool stream_place_read(struct task *t, struct stream_place *place);

/* Tells the reply from `place` on; ends the task. `first` (may be empty): events to tell
 * before. */
outcome_t stream_reply(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, struct str first) MUST_USE;
/* Tells a reply that has ended, from its record; 204 if the client was told all of it. */
outcome_t stream_ended(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, const struct message *m) MUST_USE;

/* `next` gets ERR_OK and *end (in the task's arena) when the reply has ended, ERR_TIMEOUT
 * after wait_ms. */
outcome_t stream_await(struct task *t, const struct reply_ref *ref, uint64_t wait_ms,
	struct message *end, step_fn *next) MUST_USE;

/* ---- for room_stream.c: a stream is embedded in what knows what to tell ---- */

struct user_streams;

struct stream {
	struct list link; /* of all */
	struct task *task;
	struct user_streams *user; /* whose it is, counted */
	struct list tellings;
	put_id_fn *put_id;
	/* g was told to its end: free it, or end the stream. */
	void (*told)(struct stream *s, struct telling *g);
	void (*closed)(struct stream *s); /* lets go of what is its own; may be NULL */
	bool over;                        /* the wake is on its way */
	bool behind; /* there may be more to tell than was: pumped at the next tick */
	uint64_t wrote_ms;
};

/* Begins the answer, with the events of `first`. s is in t's arena, with put_id, told and
 * closed set. */
void stream_open(struct stream *s, struct task *t, struct str first);
/* Takes it in; what there is of it is told by stream_pump, or soon. */
void stream_tell(struct stream *s, const struct reply_ref *ref,
	const struct stream_place *from, bool ended);
/* Tells as much as there is room for. */
void stream_pump(struct stream *s);
/* The client is to come back somewhere else. */
void stream_hand_over(struct stream *s);
/* No more; any number of times. Tellings stay until the task goes on. */
void stream_over(struct stream *s, enum err e);
/* The last word of who opened it. */
outcome_t stream_wait(struct stream *s) MUST_USE;

#endif
