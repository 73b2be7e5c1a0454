/*
 * GET  /chatroom/{id}/events                     the room's replies as they are written
 * GET  /chatroom/{id}/message/{reply_id}/events  one reply, or what it became
 * POST /chatroom/{id}/message/{reply_id}/stop    no more of it
 *
 * Leaving a stream does not stop a reply; stopping is its own call.
 */
#include "chat.h"
#include "data/bus.h"
#include "data/jobq.h"
#include "http/params.h"
#include "http/reply.h"
#include "jobs_store.h"
#include "messages.h"
#include "room_stream.h"
#include "rooms_store.h"
#include "stream.h"
#include "tickets.h"
#include "views.h"

static bool read_ref(struct task *t, struct reply_ref *ref)
{
	return params_path_uuid(t, 0, &ref->room_id) &&
	       params_path_uuid(t, 1, &ref->reply_id);
}

/* ---- who may listen ---- */

/* By token or by ticket. False: `*no` is the answer. */
static bool may_listen(struct task *t, enum err e, outcome_t *no)
{
	if (e == ERR_OK && streams_allowed(t))
		return true;
	if (e == ERR_UNSURE) /* its ticket may be used up: another one costs nothing */
		e = ERR_UNAVAILABLE;
	*no = e == ERR_OK ? streams_refuse(t) : reply_error(t, e);
	return false;
}

static outcome_t refuse_place(struct task *t)
{
	reply_invalid_add(t, STR("Last-Event-ID"), "is not an id that was given out here");
	return reply_invalid(t);
}

/* ---- of one reply ---- */

struct watching {
	struct reply_ref ref;
	struct stream_place place;
	struct message m;
};
static step_fn events_known, events_found;

outcome_t reply_events(struct task *t)
{
	struct watching *w = task_new(t, struct watching);

	if (!read_ref(t, &w->ref))
		return reply_error(t, ERR_NOT_FOUND);
	return ticket_redeem(t, events_known);
}

static outcome_t events_known(struct task *t, enum err e)
{
	struct watching *w = t->state;
	outcome_t no;

	if (!may_listen(t, e, &no))
		return no;
	if (!stream_place_read(t, &w->place))
		return refuse_place(t);
	return rooms_read_reply(t, &w->ref.room_id, &t->caller->user_id, &w->ref.reply_id,
		&w->m, events_found);
}

static outcome_t events_found(struct task *t, enum err e)
{
	struct watching *w = t->state;

	outcome_t no;

	if (!may_listen(t, e, &no)) /* others may have been opened meanwhile */
		return no;
	if (message_is_owed(&w->m))
		return stream_reply(t, &w->ref, &w->place, STR_NONE);
	return stream_ended(t, &w->ref, &w->place, &w->m);
}

/* ---- of a room ---- */

struct room_watching {
	struct uuid room_id;
	struct room_place *place; /* NULL: the client has none */
	struct reply_list found;
};
static step_fn room_events_known, room_events_found;

outcome_t room_events(struct task *t)
{
	struct room_watching *w = task_new(t, struct room_watching);

	if (!params_path_uuid(t, 0, &w->room_id))
		return reply_error(t, ERR_NOT_FOUND);
	return ticket_redeem(t, room_events_known);
}

static bool read_room_place(struct task *t, struct room_place **place)
{
	struct str text;

	if (!stream_place_text(t, &text))
		return false;
	if (!text.ptr)
		return true;
	*place = arena_new(&t->arena, struct room_place);
	return room_place_parse(text, *place);
}

static outcome_t room_events_known(struct task *t, enum err e)
{
	struct room_watching *w = t->state;
	outcome_t no;

	if (!may_listen(t, e, &no))
		return no;
	if (!read_room_place(t, &w->place))
		return refuse_place(t);
	if (w->place)
		return replies_after(t, &w->room_id, &t->caller->user_id, &w->place->floor,
			&w->found, room_events_found);
	return replies_newest(
		t, &w->room_id, &t->caller->user_id, &w->found, room_events_found);
}

static outcome_t room_events_found(struct task *t, enum err e)
{
	struct room_watching *w = t->state;

	outcome_t no;

	if (!may_listen(t, e, &no))
		return no;
	return room_stream(t, &w->room_id, w->place, &w->found);
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
	if (s->outcome == STOP_ENDED) {
		jobq_remove(chat_of(t)->queue, &s->ref.reply_id);
		feed_ring_ended(chat_of(t), &s->ref.reply_id);
	}
	w = reply_body(t);
	json_object(w, NULL);
	json_put_uuid(w, "id", &s->ref.reply_id);
	json_put_z(w, "state", states[s->outcome]);
	json_end(w);
	return reply_json(t, 202);
}
