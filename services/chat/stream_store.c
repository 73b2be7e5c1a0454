#include "stream_store.h"

#include "data/pg.h"

/* A room without replies is one row of nulls; no room is no row. */
static const struct pg_stmt list_after = { "replies_after",
	"select m.id, m.state = 'queued' from chat.rooms r left join lateral ("
	"  select n.id, n.state from chat.messages n where n.room_id = $1::uuid"
	"  and n.id > $3::uuid and n.sender = 'gemini' order by n.id limit $4::int8) m on true"
	" where r.id = $1 and r.user_id = $2::uuid order by m.id" };

static const struct pg_stmt list_newest = { "replies_newest",
	"select m.id, m.state = 'queued' from chat.rooms r left join lateral ("
	"  select n.id, n.state from chat.messages n where n.room_id = $1::uuid"
	"  and n.sender = 'gemini' order by n.id desc limit $3::int8) m on true"
	" where r.id = $1 and r.user_id = $2::uuid order by m.id" };

static enum err read_list(struct task *t, const struct pg_rows *rows, void *into)
{
	struct reply_list *list = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	list->count = pg_null(rows, 0, 0) ? 0 : pg_count(rows);
	list->replies = arena_alloc(&t->arena, (size_t)list->count * sizeof *list->replies);
	for (int i = 0; i < list->count; i++)
		list->replies[i] = (struct reply_state){ pg_uuid(rows, i, 0),
			pg_bool(rows, i, 1) };
	return ERR_OK;
}

outcome_t replies_after(struct task *t, const struct uuid *room_id,
	const struct uuid *user_id, const struct uuid *after, struct reply_list *out,
	step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, room_id);
	pg_add_uuid(&p, user_id);
	pg_add_uuid(&p, after);
	pg_add_i64(&p, REPLIES_MAX);
	return pg_run(t, &list_after, &p, read_list, out, next);
}

outcome_t replies_newest(struct task *t, const struct uuid *room_id,
	const struct uuid *user_id, struct reply_list *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, room_id);
	pg_add_uuid(&p, user_id);
	pg_add_i64(&p, REPLIES_MAX);
	return pg_run(t, &list_newest, &p, read_list, out, next);
}
