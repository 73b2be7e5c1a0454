#include "data/outbox_store.h"

#include "data/pg.h"

static const struct pg_stmt read_new = { .name = "outbox_read_new",
	.sql = "select seq, id, type, subject, data::text, made_at from outbox"
	       " where seq > (select published from outbox_head) order by seq limit 200" };

static const struct pg_stmt read_after = { .name = "outbox_read_after",
	.sql = "select seq, id, type, subject, data::text, made_at from outbox"
	       " where seq > $1::bigint order by seq limit 200" };

static const struct pg_stmt mark = { .name = "outbox_mark",
	.sql = "update outbox_head set published = $1::bigint where published < $1::bigint",
	.write = true };

static const struct pg_stmt find_place = { .name = "outbox_find_place",
	.sql = "select h.seq, f.floor, greatest($1::bigint, f.floor,"
	       " case when $2::bigint > 0 then coalesce((select o.seq - 1 from outbox o"
	       "  where o.made_at >= now() - $2::bigint * interval '1 second'"
	       "  order by o.made_at limit 1), h.seq) end)"
	       " from outbox_head h, lateral"
	       " (select coalesce((select min(seq) - 1 from outbox), h.seq) as floor) f" };

static const struct pg_stmt purge = { .name = "outbox_purge",
	.sql = "delete from outbox where seq in (select o.seq from outbox o, outbox_head h"
	       " where o.made_at < now() - interval '30 days' and o.seq <= h.published"
	       " order by o.made_at limit 1000)",
	.write = true };

static enum err read_page(struct task *t, const struct pg_rows *rows, void *into)
{
	struct outbox_page *p = into;

	p->count = pg_count(rows);
	p->rows = arena_alloc(&t->arena, (size_t)p->count * sizeof *p->rows);
	for (int i = 0; i < p->count; i++)
		p->rows[i] = (struct envelope){ .seq = pg_i64(rows, i, 0),
			.id = pg_uuid(rows, i, 1),
			.source = str_of(t->app->spec->name),
			.type = arena_dup(&t->arena, pg_text(rows, i, 2)),
			.subject = arena_dup(&t->arena, pg_text(rows, i, 3)),
			.data = arena_dup(&t->arena, pg_text(rows, i, 4)),
			.time_us = pg_time(rows, i, 5) };
	return ERR_OK;
}

outcome_t outbox_read_new(struct task *t, struct outbox_page *into, step_fn *next)
{
	return pg_run(t, &read_new, &(struct pg_params){ 0 }, read_page, into, next);
}

outcome_t outbox_read_after(
	struct task *t, int64_t seq, struct outbox_page *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, seq);
	return pg_run(t, &read_after, &p, read_page, into, next);
}

outcome_t outbox_mark(struct task *t, int64_t seq, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, seq);
	return pg_run(t, &mark, &p, NULL, NULL, next);
}

static enum err read_place(struct task *t, const struct pg_rows *rows, void *into)
{
	struct outbox_place *p = into;

	(void)t;
	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	*p = (struct outbox_place){
		.seq = pg_i64(rows, 0, 0),
		.floor = pg_i64(rows, 0, 1),
		.after = pg_i64(rows, 0, 2),
	};
	return ERR_OK;
}

outcome_t outbox_find_place(struct task *t, int64_t after, int64_t since_s,
	struct outbox_place *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_i64(&p, after);
	pg_add_i64(&p, since_s);
	return pg_run(t, &find_place, &p, read_place, into, next);
}

outcome_t outbox_purge(struct task *t, step_fn *next)
{
	return pg_run(t, &purge, &(struct pg_params){ 0 }, NULL, NULL, next);
}
