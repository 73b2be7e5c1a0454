#include "data/inbox_store.h"

#include "data/pg.h"

static const struct pg_stmt find_place = { .name = "inbox_find_place",
	.sql = "select seq from inbox_cursor where source = $1::text" };

static const struct pg_stmt save_place = { .name = "inbox_save_place",
	.sql = "insert into inbox_cursor as c (source, seq) values ($1::text, $2::bigint)"
	       " on conflict (source) do update set seq = excluded.seq, moved_at = now()"
	       " where c.seq < excluded.seq",
	.write = true };

static enum err read_place(struct task *t, const struct pg_rows *rows, void *into)
{
	(void)t;
	*(int64_t *)into = pg_count(rows) ? pg_i64(rows, 0, 0) : 0;
	return ERR_OK;
}

outcome_t inbox_find_place(struct task *t, const char *source, int64_t *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, str_of(source));
	return pg_run(t, &find_place, &p, read_place, into, next);
}

outcome_t inbox_save_place(struct task *t, const char *source, int64_t seq, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, str_of(source));
	pg_add_i64(&p, seq);
	return pg_run(t, &save_place, &p, NULL, NULL, next);
}
