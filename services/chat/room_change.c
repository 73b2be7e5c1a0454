/*
 * PATCH /chatroom/{id}: a new name, another system prompt ("" is none), another active
 * branch: the one that leads to the newest message below active_message_id.
 */
#include "chat.h"
#include "http/params.h"
#include "http/reply.h"
#include "rooms_store.h"
#include "views.h"

struct changing {
	struct room room;
	struct room_changes changes;
};
static step_fn changed;

outcome_t room_change(struct task *t)
{
	struct changing *c = task_new(t, struct changing);
	struct room_changes *n = &c->changes;

	if (!params_path_uuid(t, 0, &c->room.id))
		return reply_error(t, ERR_NOT_FOUND);
	if (!params_read(t, P_OPT_STR("name", &n->name, 1, 120),
		    P_OPT_STR("system_prompt", &n->system_prompt, 0, SYSTEM_PROMPT_MAX),
		    P_OPT_UUID("active_message_id", &n->active_message_id)))
		return reply_invalid(t);
	if (!n->name.ptr && !n->system_prompt.ptr && uuid_is_nil(&n->active_message_id)) {
		reply_invalid_add(t, STR_NONE, "Nothing to change is named");
		return reply_invalid(t);
	}
	return rooms_change(t, n, &c->room, changed);
}

static outcome_t changed(struct task *t, enum err e)
{
	struct changing *c = t->state;
	struct json_writer *w;

	if (e == ERR_INVALID) {
		reply_invalid_add(
			t, STR("/active_message_id"), "is not a message of this room");
		return reply_invalid(t);
	}
	if (e != ERR_OK)
		return reply_error(t, e);
	w = reply_body(t);
	json_object(w, NULL);
	view_room(w, &c->room);
	json_end(w);
	return reply_json(t, 200);
}
