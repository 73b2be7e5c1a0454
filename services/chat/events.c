/*
 * GET  /chatroom/{id}/message/{reply_id}/events  the reply as it is written, or what it
 * became POST /chatroom/{id}/message/{reply_id}/stop    no more of it
 *
 * Leaving a stream does not stop the reply; stopping is its own call.
 */
#include "chat.h"
#include "data/bus.h"
#include "http/params.h"
#include "http/reply.h"
#include "jobs_store.h"
#include "messages.h"
#include "rooms_store.h"
#include "stream.h"
#include "views.h"

static bool read_ref(struct task *t, struct reply_ref *ref)
{
	return params_path_uuid(t, 0, &ref->room_id) &&
	       params_path_uuid(t, 1, &ref->reply_id);
}

/* ---- events ---- */

struct watching {
	struct reply_ref ref;
	struct stream_place place;
	struct message m;
};
static step_fn events_found;

outcome_t reply_events(struct task *t)
{
	struct watching *w = task_new(t, struct watching);

	if (!read_ref(t, &w->ref))
		return reply_error(t, ERR_NOT_FOUND);
	if (!stream_place_read(t, &w->place)) {
		reply_invalid_add(
			t, STR("Last-Event-ID"), "is not an id that was given out here");
		return reply_invalid(t);
	}
	return rooms_read_reply(t, &w->ref.room_id, &t->caller->user_id, &w->ref.reply_id,
		&w->m, events_found);
}

static outcome_t events_found(struct task *t, enum err e)
{
	struct watching *w = t->state;
	struct reply_ref ref = w->ref;
	struct stream_place place = w->place;

	if (e != ERR_OK)
		return reply_error(t, e);
	if (message_is_owed(&w->m))
		return stream_reply(t, &ref, &place, STR_NONE);
	return stream_ended(t, &ref, &place, &w->m);
}

/* ---- stop ---- */

struct stopping {
	struct reply_ref ref;
	enum stop_outcome outcome;
};
static step_fn stop_noted;

outcome_t reply_stop(struct task *t)
{
	struct stopping *s = task_new(t, struct stopping);

	if (!read_ref(t, &s->ref))
		return reply_error(t, ERR_NOT_FOUND);
	return jobs_stop(t, &s->ref.room_id, &s->ref.reply_id, &s->outcome, stop_noted);
}

/* What was not begun has ended by now; what is being written ends when its worker hears of
 * it. */
static outcome_t stop_noted(struct task *t, enum err e)
{
	static const char *const states[] = { [STOP_ENDED] = "stopped",
		[STOP_ASKED] = "stopping",
		[STOP_TOO_LATE] = "ended" };
	struct stopping *s = t->state;
	struct msg_reply_stop stop = { s->ref.reply_id };
	struct json_writer *w;
	char id[UUID_TEXT_SIZE];

	if (e != ERR_OK)
		return reply_error(t, e);
	uuid_format(&s->ref.reply_id, id);
	if (s->outcome == STOP_ASKED)
		bus_ring(t->app, &MSG_REPLY_STOP, str_of(id), &stop);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_uuid(w, "id", &s->ref.reply_id);
	json_put_z(w, "state", states[s->outcome]);
	json_end(w);
	return reply_json(t, 202);
}
