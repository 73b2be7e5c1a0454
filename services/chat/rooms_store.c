#include "rooms_store.h"

#include "data/pg.h"

bool message_is_owed(const struct message *m)
{
	return str_eq(m->state, STR("queued")) || str_eq(m->state, STR("generating"));
}

struct message message_copy(struct arena *a, const struct message *m)
{
	struct message copy = *m;
	struct str *const texts[] = { &copy.sender, &copy.state, &copy.content, &copy.model,
		&copy.model_version, &copy.finish_reason, &copy.error };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_dup(a, *texts[i]);
	copy.sibling_count = 0;
	return copy;
}

static const struct pg_stmt insert_room = { "room_insert",
	"insert into chat.rooms (id, user_id, name, system_prompt)"
	" select $1::uuid, $2::uuid, $3::text, nullif($5::text, '')"
	" where (select count(*) from (select from chat.rooms where user_id = $2 limit "
	"$4::int8) c) < $4"
	" returning created_at",
	.write = true };

static const struct pg_stmt list_rooms = { "room_list",
	"select id, name, created_at, active_at from chat.rooms"
	" where user_id = $1::uuid and ($2::timestamptz is null or (active_at, id) < ($2, "
	"$3::uuid))"
	" order by active_at desc, id desc limit $4::int8" };

/* The columns of a message from the 7th on, for read_message. */
#define MESSAGE_COLUMNS                                                                    \
	"m.parent_id, m.sender, m.content, m.created_at, m.finished_at, m.model,"          \
	" m.model_version, m.finish_reason, m.error, m.prompt_tokens, m.output_tokens,"    \
	" m.usage_estimated, m.context_turns, m.context_left_out"

/* Of a branched room nothing but itself: its messages take a walk. */
static const struct pg_stmt read_room = { "room_read",
	"select r.name, r.created_at, r.active_at, r.system_prompt, r.leaf_id, m.id,"
	" case when m.state = 'queued' and exists (select from chat.jobs j"
	"   where j.reply_id = m.id and j.lease_until > now()) then 'generating'"
	"   else m.state end, " MESSAGE_COLUMNS
	", r.branched"
	" from chat.rooms r left join lateral (select * from chat.messages n"
	"   where n.room_id = $2::uuid and ($3::uuid is null or n.id < $3) and not r.branched"
	"   order by n.id desc limit $4::int8) m on true"
	" where r.id = $2 and r.user_id = $1::uuid order by m.id desc" };

static const struct pg_stmt read_branches = { "room_read_branches",
	"select r.name, r.created_at, r.active_at, r.system_prompt, r.leaf_id,"
	" (r.message).id, r.shown, " MESSAGE_COLUMNS
	", r.siblings"
	" from chat.read_branches($1::uuid, $2::uuid, $3::uuid, $4::int8, $5::bool) r,"
	" lateral (select (r.message).*) m" };

static enum err read_inserted(struct task *t, const struct pg_rows *rows, void *into)
{
	struct room *room = into;

	(void)t;
	if (pg_count(rows) == 0)
		return ERR_BUSY;
	room->created_at_us = room->active_at_us = pg_time(rows, 0, 0);
	return ERR_OK;
}

outcome_t rooms_insert(struct task *t, struct room *room, int64_t rooms_max, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &room->id);
	pg_add_uuid(&p, &room->user_id);
	pg_add_text(&p, room->name);
	pg_add_i64(&p, rooms_max);
	pg_add_text(&p, room->system_prompt);
	return pg_run(t, &insert_room, &p, read_inserted, room, next);
}

static enum err read_rooms(struct task *t, const struct pg_rows *rows, void *into)
{
	struct room_page *page = into;

	page->count = pg_count(rows);
	page->rooms = arena_alloc(&t->arena, (size_t)page->count * sizeof *page->rooms);
	for (int i = 0; i < page->count; i++) {
		page->rooms[i] = (struct room){ .id = pg_uuid(rows, i, 0),
			.user_id = t->caller->user_id,
			.name = arena_dup(&t->arena, pg_text(rows, i, 1)),
			.created_at_us = pg_time(rows, i, 2),
			.active_at_us = pg_time(rows, i, 3) };
	}
	return ERR_OK;
}

outcome_t rooms_list(struct task *t, int64_t before_us, const struct uuid *before_id,
	int64_t limit, struct room_page *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	if (before_us)
		pg_add_time(&p, before_us);
	else
		pg_add_null(&p);
	pg_add_uuid(&p, before_us ? before_id : NULL);
	pg_add_i64(&p, limit);
	return pg_run(t, &list_rooms, &p, read_rooms, out, next);
}

static struct str text_or_none(struct task *t, const struct pg_rows *rows, int row, int col)
{
	return pg_null(rows, row, col) ? STR_NONE
				       : arena_dup(&t->arena, pg_text(rows, row, col));
}

static int64_t count_or_none(const struct pg_rows *rows, int row, int col)
{
	return pg_null(rows, row, col) ? -1 : pg_i64(rows, row, col);
}

/* Columns from the 6th on: id, shown state, MESSAGE_COLUMNS. */
static void read_message(
	struct task *t, const struct pg_rows *rows, int i, struct message *m)
{
	*m = (struct message){ .id = pg_uuid(rows, i, 5),
		.state = arena_dup(&t->arena, pg_text(rows, i, 6)),
		.parent_id = pg_uuid(rows, i, 7),
		.sender = arena_dup(&t->arena, pg_text(rows, i, 8)),
		.content = arena_dup(&t->arena, pg_text(rows, i, 9)),
		.created_at_us = pg_time(rows, i, 10),
		.finished_at_us = pg_null(rows, i, 11) ? 0 : pg_time(rows, i, 11),
		.model = text_or_none(t, rows, i, 12),
		.model_version = text_or_none(t, rows, i, 13),
		.finish_reason = text_or_none(t, rows, i, 14),
		.error = text_or_none(t, rows, i, 15),
		.prompt_tokens = count_or_none(rows, i, 16),
		.output_tokens = count_or_none(rows, i, 17),
		.usage_estimated = pg_bool(rows, i, 18),
		.context_turns = count_or_none(rows, i, 19),
		.left_out = count_or_none(rows, i, 20) };
}

/* The place among them is drawn "2/3 < >"; beyond so many nobody draws it. */
#define SIBLINGS_MAX 100

static void read_siblings(
	struct task *t, const struct pg_rows *rows, int i, struct message *m)
{
	struct str ids[SIBLINGS_MAX];

	m->sibling_count = pg_text_array(rows, i, 21, ids, SIBLINGS_MAX);
	if (m->sibling_count == 0)
		return;
	m->siblings = arena_alloc(
		&t->arena, (size_t)m->sibling_count * sizeof *m->siblings);
	for (int k = 0; k < m->sibling_count; k++)
		m->siblings[k] = arena_dup(&t->arena, ids[k]);
}

static void read_one_room(
	struct task *t, const struct pg_rows *rows, int first, struct room *room)
{
	room->user_id = t->caller->user_id;
	room->name = arena_dup(&t->arena, pg_text(rows, 0, first));
	room->created_at_us = pg_time(rows, 0, first + 1);
	room->active_at_us = pg_time(rows, 0, first + 2);
	room->system_prompt = text_or_none(t, rows, 0, first + 3);
	room->leaf_id = pg_uuid(rows, 0, first + 4);
}

static void read_messages(
	struct task *t, const struct pg_rows *rows, struct message_page *page)
{
	page->count = pg_null(rows, 0, 5)
			      ? 0
			      : pg_count(rows); /* a room in which nothing was said */
	page->messages = arena_alloc(
		&t->arena, (size_t)page->count * sizeof *page->messages);
	for (int i = 0; i < page->count; i++)
		read_message(t, rows, i, &page->messages[i]);
}

static enum err read_page(struct task *t, const struct pg_rows *rows, void *into)
{
	struct message_page *page = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	read_one_room(t, rows, 0, &page->room);
	read_messages(t, rows, page);
	page->is_branched = pg_bool(rows, 0, 21);
	return ERR_OK;
}

static enum err read_branched_page(struct task *t, const struct pg_rows *rows, void *into)
{
	struct message_page *page = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	read_one_room(t, rows, 0, &page->room);
	read_messages(t, rows, page);
	for (int i = 0; i < page->count; i++)
		read_siblings(t, rows, i, &page->messages[i]);
	return ERR_OK;
}

static void add_wish(struct pg_params *p, const struct task *t, const struct uuid *room_id,
	const struct page_wish *wish)
{
	pg_add_uuid(p, &t->caller->user_id);
	pg_add_uuid(p, room_id);
	pg_add_uuid(p, uuid_is_nil(&wish->before) ? NULL : &wish->before);
	pg_add_i64(p, wish->limit);
}

outcome_t rooms_read(struct task *t, const struct uuid *room_id,
	const struct page_wish *wish, struct message_page *out, step_fn *next)
{
	struct pg_params p = { 0 };

	out->room.id = *room_id;
	add_wish(&p, t, room_id, wish);
	return pg_run(t, &read_room, &p, read_page, out, next);
}

outcome_t rooms_read_branches(struct task *t, const struct uuid *room_id,
	const struct page_wish *wish, struct message_page *out, step_fn *next)
{
	struct pg_params p = { 0 };

	out->room.id = *room_id;
	add_wish(&p, t, room_id, wish);
	pg_add_bool(&p, wish->all);
	return pg_run(t, &read_branches, &p, read_branched_page, out, next);
}

static const struct pg_stmt patch_room = { "room_patch",
	"select * from chat.patch_room($1::uuid, $2::uuid, $3::text, $4::text, $5::uuid)",
	.write = true };

static enum err read_patched(struct task *t, const struct pg_rows *rows, void *into)
{
	struct str outcome = pg_text(rows, 0, 0);

	if (str_eq(outcome, STR("none")))
		return ERR_NOT_FOUND;
	if (str_eq(outcome, STR("elsewhere")))
		return ERR_INVALID;
	read_one_room(t, rows, 1, into);
	return ERR_OK;
}

outcome_t rooms_change(struct task *t, const struct room_changes *changes,
	struct room *room, step_fn *next)
{
	const struct uuid *active = &changes->active_message_id;
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_uuid(&p, &room->id);
	pg_add_text(&p, changes->name);
	pg_add_text(&p, changes->system_prompt);
	pg_add_uuid(&p, uuid_is_nil(active) ? NULL : active);
	return pg_run(t, &patch_room, &p, read_patched, room, next);
}

static const struct pg_stmt read_reply = { "reply_read",
	"select null, null, null, null, null, m.id, m.state, " MESSAGE_COLUMNS
	" from chat.messages m join chat.rooms r on r.id = m.room_id"
	" where m.room_id = $1::uuid and r.user_id = $2::uuid and m.id = $3::uuid"
	" and m.sender = 'gemini'" };

static enum err read_one_reply(struct task *t, const struct pg_rows *rows, void *into)
{
	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	read_message(t, rows, 0, into);
	return ERR_OK;
}

outcome_t rooms_read_reply(struct task *t, const struct uuid *room_id,
	const struct uuid *user_id, const struct uuid *reply_id, struct message *out,
	step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, room_id);
	pg_add_uuid(&p, user_id);
	pg_add_uuid(&p, reply_id);
	return pg_run(t, &read_reply, &p, read_one_reply, out, next);
}
