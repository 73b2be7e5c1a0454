#include "jobs_store.h"

#include "data/pg.h"

/* Not worth a wait for the disk: what a crash forgets is put in the stream once more. */
static const struct pg_stmt take_owed = { "jobs_take_owed",
	"with off as materialized (select set_config('synchronous_commit', 'off', true)), owed as ("
	"  select j.reply_id from chat.jobs j, off"
	"  where (j.lease_until is null or j.lease_until < now()) and j.not_before <= now()"
	"    and (j.enqueued_at < j.lease_until or j.enqueued_at < j.not_before"
	"      or ($1::int8 >= 0 and j.enqueued_at < now() - $1 * interval '1 millisecond')"
	"      or j.enqueued_at < interval '-5 seconds'"
	"        + case j.tier when 'Pro' then $3::timestamptz else $4::timestamptz end)"
	"  order by j.created_at limit $2::int8 for update of j skip locked)"
	" update chat.jobs j set enqueued_at = now() from owed o where j.reply_id = o.reply_id"
	" returning j.room_id, j.reply_id, j.tier, j.traceparent",
	.write = true };

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
			.is_pro = str_eq(pg_text(rows, i, 2), STR("Pro")),
			.traceparent = pg_null(rows, i, 3) ? STR_NONE
							   : arena_dup(&t->arena,
								     pg_text(rows, i, 3)) };
	}
	return ERR_OK;
}

outcome_t jobs_take_owed(struct task *t, const struct owed_lost *lost, int64_t limit,
	struct owed_page *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, lost->older_than_ms);
	pg_add_i64(&p, limit);
	pg_add_time(&p, lost->pro_given_us);
	pg_add_time(&p, lost->basic_given_us);
	return pg_run(t, &take_owed, &p, read_owed, out, next);
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
