#include "jobs_store.h"

#include "data/pg.h"

static const struct pg_stmt read_owed_page = {
	"jobs_read_owed",
	"select room_id, reply_id, user_id, tier, created_at, not_before, traceparent"
	" from chat.jobs where reply_id > $1::uuid and reply_id < $2::uuid"
	" and (lease_until is null or lease_until < now()) order by reply_id limit $3::int8"
};

static const struct pg_stmt tidy = { "idempotency_tidy",
	"delete from chat.idempotency where (user_id, key) in (select user_id, key"
	" from chat.idempotency where created_at < now() - interval '24 hours' limit 10000)",
	.write = true };

static enum err read_owed(struct task *t, const struct pg_rows *rows, void *into)
{
	struct owed_page *page = into;

	page->count = pg_count(rows);
	page->owed = arena_alloc(&t->arena, (size_t)page->count * sizeof *page->owed);
	for (int i = 0; i < page->count; i++) {
		page->owed[i] = (struct owed){ .room_id = pg_uuid(rows, i, 0),
			.reply_id = pg_uuid(rows, i, 1),
			.user_id = pg_uuid(rows, i, 2),
			.is_pro = str_eq(pg_text(rows, i, 3), STR("Pro")),
			.created_us = pg_time(rows, i, 4),
			.not_before_us = pg_time(rows, i, 5),
			.traceparent = pg_null(rows, i, 6) ? STR_NONE
							   : arena_dup(&t->arena,
								     pg_text(rows, i, 6)) };
	}
	return ERR_OK;
}

outcome_t jobs_read_owed(struct task *t, const struct uuid *after,
	const struct uuid *before, int64_t limit, struct owed_page *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, after);
	pg_add_uuid(&p, before);
	pg_add_i64(&p, limit);
	return pg_run(t, &read_owed_page, &p, read_owed, out, next);
}

outcome_t jobs_tidy(struct task *t, step_fn *next)
{
	struct pg_params p = { 0 };

	return pg_run(t, &tidy, &p, NULL, NULL, next);
}

static const struct pg_stmt stop_reply = { "stop_reply",
	"select chat.stop_reply($1::uuid, $2::uuid, $3::uuid)", .write = true };

static enum err read_stop(struct task *t, const struct pg_rows *rows, void *into)
{
	struct str outcome = pg_text(rows, 0, 0);
	enum stop_outcome *out = into;

	(void)t;
	if (str_eq(outcome, STR("none")))
		return ERR_NOT_FOUND;
	*out = str_eq(outcome, STR("ended"))   ? STOP_ENDED
	       : str_eq(outcome, STR("asked")) ? STOP_ASKED
					       : STOP_TOO_LATE;
	return ERR_OK;
}

outcome_t jobs_stop(struct task *t, const struct uuid *room_id, const struct uuid *reply_id,
	enum stop_outcome *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_uuid(&p, room_id);
	pg_add_uuid(&p, reply_id);
	return pg_run(t, &stop_reply, &p, read_stop, out, next);
}
