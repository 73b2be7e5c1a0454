#include "views.h"

#include "secure/secret.h"

void view_room(struct json_writer *w, const struct room *r)
{
	json_put_uuid(w, "id", &r->id);
	json_put_str(w, "name", r->name);
	json_put_uuid(w, "user_id", &r->user_id);
	json_put_time(w, "created_at", r->created_at_us);
	json_put_time(w, "last_activity_at", r->active_at_us);
	if (r->system_prompt.len)
		json_put_str(w, "system_prompt", r->system_prompt);
	if (!uuid_is_nil(&r->leaf_id))
		json_put_uuid(w, "active_message_id", &r->leaf_id);
}

static bool has_ended_reply(const struct message *m)
{
	return str_eq(m->sender, STR("gemini")) && m->finished_at_us;
}

static void put_usage(struct json_writer *w, const struct message *m)
{
	json_object(w, "usage");
	json_put_i64(w, "prompt_tokens", m->prompt_tokens);
	json_put_i64(w, "output_tokens", m->output_tokens);
	if (m->usage_estimated)
		json_put_bool(w, "estimated", true);
	json_end(w);
}

static void put_context(struct json_writer *w, const struct message *m)
{
	json_object(w, "context");
	json_put_i64(w, "turns", m->context_turns);
	json_put_i64(w, "left_out", m->left_out);
	json_end(w);
}

static void put_siblings(struct json_writer *w, const struct message *m)
{
	json_array(w, "siblings");
	for (int i = 0; i < m->sibling_count; i++)
		json_put_str(w, NULL, m->siblings[i]);
	json_end(w);
}

void view_place(struct json_writer *w, int64_t place, int64_t start_at_us)
{
	json_object(w, "queue");
	view_place_members(w, place, start_at_us);
	json_end(w);
}

void view_place_members(struct json_writer *w, int64_t place, int64_t start_at_us)
{
	if (place)
		json_put_i64(w, "position", place);
	else
		json_put_null(w, "position");
	if (start_at_us)
		json_put_time(w, "estimated_start", start_at_us);
	else
		json_put_null(w, "estimated_start");
}

void view_message_members(
	struct json_writer *w, const struct uuid *room_id, const struct message *m)
{
	json_put_uuid(w, "id", &m->id);
	json_put_uuid(w, "chatroom_id", room_id);
	json_put_str(w, "sender", m->sender);
	json_put_str(w, "content", m->content);
	json_put_str(w, "state", m->state);
	json_put_time(w, "created_at", m->created_at_us);
	if (!uuid_is_nil(&m->parent_id))
		json_put_uuid(w, "parent_id", &m->parent_id);
	if (m->finished_at_us)
		json_put_time(w, "finished_at", m->finished_at_us);
	if (m->model.ptr)
		json_put_str(w, "model", m->model);
	if (m->finish_reason.ptr)
		json_put_str(w, "finish_reason", m->finish_reason);
	if (m->error.ptr)
		json_put_str(w, "error", m->error);
	if (m->model_version.ptr)
		json_put_str(w, "model_version", m->model_version);
	if (has_ended_reply(m) && m->prompt_tokens >= 0)
		put_usage(w, m);
	if (has_ended_reply(m) && m->context_turns >= 0)
		put_context(w, m);
	if (m->sibling_count)
		put_siblings(w, m);
	if (m->place || m->start_at_us)
		view_place(w, m->place, m->start_at_us);
}

void view_message(
	struct json_writer *w, const struct uuid *room_id, const struct message *m)
{
	json_object(w, NULL);
	view_message_members(w, room_id, m);
	json_end(w);
}

struct str cursor_format(struct arena *a, const struct cursor *c)
{
	char raw[24];

	memcpy(raw, &c->at_us, 8);
	memcpy(raw + 8, c->id.b, 16);
	return base64url_encode(a, str_span(raw, sizeof raw));
}

bool cursor_parse(struct arena *a, struct str text, struct cursor *c)
{
	struct str raw;

	if (text.len != 32 || !base64url_decode(a, text, &raw) || raw.len != 24)
		return false;
	memcpy(&c->at_us, raw.ptr, 8);
	memcpy(c->id.b, raw.ptr + 8, 16);
	/* Far outside what Postgres can hold is not one of ours. */
	return c->at_us >= 0 && c->at_us < (int64_t)4 * 1000 * 1000 * 1000 * 1000 * 1000;
}
