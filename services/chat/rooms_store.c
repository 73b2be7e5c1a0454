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
		&copy.finish_reason, &copy.error };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_dup(a, *texts[i]);
	return copy;
}

static const struct pg_stmt insert_room = { "room_insert",
	"insert into chat.rooms (id, user_id, name)"
	" select $1::uuid, $2::uuid, $3::text"
	" where (select count(*) from (select from chat.rooms where user_id = $2 limit "
	"$4::int8) c) < $4"
	" returning created_at",
	.write = true };

static const struct pg_stmt list_rooms = { "room_list",
	"select id, name, created_at, active_at from chat.rooms"
	" where user_id = $1::uuid and ($2::timestamptz is null or (active_at, id) < ($2, "
	"$3::uuid))"
	" order by active_at desc, id desc limit $4::int8" };

/* A reply whose lease runs is being generated: that is told from its job, so that taking
 * one does not rewrite its message. */
static const struct pg_stmt read_room = { "room_read",
	"select r.name, r.created_at, r.active_at, m.id, m.parent_id, m.sender, m.shown, "
	"m.content,"
	" m.created_at, m.finished_at, m.model, m.finish_reason, m.error"
	" from chat.rooms r left join lateral ("
	"  select n.*, case when n.state = 'queued' and exists (select from chat.jobs j"
	"    where j.reply_id = n.id and j.lease_until > now()) then 'generating'"
	"    else n.state end as shown"
	"  from chat.messages n where n.room_id = $1::uuid and ($3::uuid is null or n.id < "
	"$3)"
	"  order by n.id desc limit $4::int8) m on true"
	" where r.id = $1 and r.user_id = $2::uuid order by m.id desc" };

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

static void read_message(
	struct task *t, const struct pg_rows *rows, int i, struct message *m)
{
	*m = (struct message){ .id = pg_uuid(rows, i, 3),
		.parent_id = pg_uuid(rows, i, 4),
		.sender = arena_dup(&t->arena, pg_text(rows, i, 5)),
		.state = arena_dup(&t->arena, pg_text(rows, i, 6)),
		.content = arena_dup(&t->arena, pg_text(rows, i, 7)),
		.created_at_us = pg_time(rows, i, 8),
		.finished_at_us = pg_null(rows, i, 9) ? 0 : pg_time(rows, i, 9),
		.model = text_or_none(t, rows, i, 10),
		.finish_reason = text_or_none(t, rows, i, 11),
		.error = text_or_none(t, rows, i, 12) };
}

static enum err read_page(struct task *t, const struct pg_rows *rows, void *into)
{
	struct message_page *page = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	page->room.user_id = t->caller->user_id;
	page->room.name = arena_dup(&t->arena, pg_text(rows, 0, 0));
	page->room.created_at_us = pg_time(rows, 0, 1);
	page->room.active_at_us = pg_time(rows, 0, 2);
	page->count = pg_null(rows, 0, 3)
			      ? 0
			      : pg_count(rows); /* a room in which nothing was said */
	page->messages = arena_alloc(
		&t->arena, (size_t)page->count * sizeof *page->messages);
	for (int i = 0; i < page->count; i++)
		read_message(t, rows, i, &page->messages[i]);
	return ERR_OK;
}

outcome_t rooms_read(struct task *t, const struct uuid *room_id, const struct uuid *before,
	int64_t limit, struct message_page *out, step_fn *next)
{
	struct pg_params p = { 0 };

	out->room.id = *room_id;
	pg_add_uuid(&p, room_id);
	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_uuid(&p, uuid_is_nil(before) ? NULL : before);
	pg_add_i64(&p, limit);
	return pg_run(t, &read_room, &p, read_page, out, next);
}

static const struct pg_stmt read_reply = { "reply_read",
	"select null, null, null, m.id, m.parent_id, m.sender, m.state, m.content, "
	"m.created_at,"
	" m.finished_at, m.model, m.finish_reason, m.error"
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
