/*
 * POST /chatroom, GET /chatroom, GET /chatroom/{id}: one round trip to Postgres each, but
 * for a room that branched.
 *
 * A room shows its active branch; `?branches=all` every message, with parent_id as the
 * tree. Listings are pages by keyset: `?limit=` and the `cursor` of the page before, told
 * by a Link header (rooms, whose body is a plain array) or by next_cursor (messages).
 */
#include "chat.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"
#include "queue_places.h"
#include "rooms_store.h"
#include "views.h"

/* Reads limit and cursor; false after adding to the list of what is wrong. */
static bool read_page_params(
	struct task *t, int64_t dflt, int64_t *limit, struct cursor *cursor)
{
	struct str text = STR_NONE;
	bool ok = params_query_int(t, "limit", dflt, 1, 100, limit);

	*cursor = (struct cursor){ 0 };
	if (!http_query(http_req(t), &t->arena, STR("cursor"), &text) ||
		(text.ptr && !cursor_parse(&t->arena, text, cursor))) {
		reply_invalid_add(
			t, STR("cursor"), "is not a cursor that was given out here");
		return false;
	}
	return ok;
}

/* ---- create ---- */

static step_fn create_stored;

outcome_t room_create(struct task *t)
{
	struct room *room = task_new(t, struct room);

	if (!params_read(t, P_STR("name", &room->name, 1, 120),
		    P_OPT_STR("system_prompt", &room->system_prompt, 0, SYSTEM_PROMPT_MAX)))
		return reply_invalid(t);
	room->id = uuid_v7();
	room->user_id = t->caller->user_id;
	return rooms_insert(t, room, chat_of(t)->rooms_max, create_stored);
}

static outcome_t create_stored(struct task *t, enum err e)
{
	static const struct problem too_many = { 409, "too_many_rooms",
		"The number of rooms is limited", NULL };
	struct room *room = t->state;
	struct json_writer *w;
	char id[UUID_TEXT_SIZE];

	if (e == ERR_BUSY)
		return reply_problem(t, &too_many, NULL);
	if (e != ERR_OK)
		return reply_error(t, e);
	uuid_format(&room->id, id);
	reply_header(t, STR("Location"), arena_fmt(&t->arena, "/chatroom/%s", id));
	w = reply_body(t);
	json_object(w, NULL);
	view_room(w, room);
	json_end(w);
	return reply_json(t, 201);
}

/* ---- list ---- */

struct listing {
	int64_t limit;
	struct cursor cursor;
	struct room_page page;
};
static step_fn list_read;

outcome_t room_list(struct task *t)
{
	struct listing *l = task_new(t, struct listing);

	if (!read_page_params(t, 100, &l->limit, &l->cursor))
		return reply_invalid(t);
	return rooms_list(
		t, l->cursor.at_us, &l->cursor.id, l->limit + 1, &l->page, list_read);
}

static outcome_t list_read(struct task *t, enum err e)
{
	struct listing *l = t->state;
	struct json_writer *w;

	if (e != ERR_OK)
		return reply_error(t, e);
	if (l->page.count > l->limit) { /* one more was asked for, to know */
		const struct room *last = &l->page.rooms[--l->page.count - 1];
		struct cursor c = { last->active_at_us, last->id };

		reply_header(t, STR("Link"),
			arena_fmt(&t->arena,
				"</chatroom?limit=%lld&cursor=%.*s>; rel=\"next\"",
				(long long)l->limit,
				STR_ARG(cursor_format(&t->arena, &c))));
	}
	w = reply_body(t);
	json_array(w, NULL);
	for (int i = 0; i < l->page.count; i++) {
		json_object(w, NULL);
		view_room(w, &l->page.rooms[i]);
		json_end(w);
	}
	json_end(w);
	return reply_json(t, 200);
}

/* ---- show ---- */

struct showing {
	struct uuid room_id;
	int64_t limit;
	struct cursor cursor;
	struct page_wish wish;
	struct message_page page;
};
static step_fn room_read, show_read, show_placed;

/* ?branches=all; false after saying what is wrong. */
static bool read_branches(struct task *t, bool *all)
{
	struct str text = STR_NONE;

	if (!http_query(http_req(t), &t->arena, STR("branches"), &text) ||
		(text.ptr && !str_eq(text, STR("all")) && !str_eq(text, STR("active")))) {
		reply_invalid_add(t, STR("?branches"), "must be all or active");
		return false;
	}
	*all = str_eq(text, STR("all"));
	return true;
}

outcome_t room_show(struct task *t)
{
	struct showing *s = task_new(t, struct showing);

	if (!params_path_uuid(t, 0, &s->room_id))
		return reply_error(t, ERR_NOT_FOUND);
	if (!read_page_params(t, 50, &s->limit, &s->cursor) ||
		!read_branches(t, &s->wish.all))
		return reply_invalid(t);
	s->wish.before = s->cursor.id;
	s->wish.limit = s->limit + 1;
	return rooms_read(t, &s->room_id, &s->wish, &s->page, room_read);
}

static outcome_t room_read(struct task *t, enum err e)
{
	struct showing *s = t->state;

	if (e == ERR_OK && s->page.is_branched)
		return rooms_read_branches(t, &s->room_id, &s->wish, &s->page, show_read);
	return show_read(t, e);
}

/* The page is told in the order of the conversation; next_cursor leads to what was said
 * before. */
static outcome_t show_read(struct task *t, enum err e)
{
	struct showing *s = t->state;

	if (e != ERR_OK)
		return reply_error(t, e);
	if (places_wanted(s->page.messages, s->page.count))
		return places_read(t, s->page.messages, s->page.count, show_placed);
	return show_placed(t, ERR_OK);
}

static outcome_t show_placed(struct task *t, enum err e)
{
	struct showing *s = t->state;
	bool more = s->page.count > s->limit;
	struct json_writer *w;

	if (e != ERR_OK)
		return reply_error(t, e);
	if (more)
		s->page.count--;
	w = reply_body(t);
	json_object(w, NULL);
	view_room(w, &s->page.room);
	json_array(w, "messages");
	for (int i = s->page.count - 1; i >= 0; i--)
		view_message(w, &s->room_id, &s->page.messages[i]);
	json_end(w);
	if (more) {
		struct cursor c = { 0, s->page.messages[s->page.count - 1].id };

		json_put_str(w, "next_cursor", cursor_format(&t->arena, &c));
	} else {
		json_put_null(w, "next_cursor");
	}
	json_end(w);
	return reply_json(t, 200);
}
