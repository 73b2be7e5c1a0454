#include "usage_store.h"

#include "data/pg.h"

static const struct pg_stmt read_usage = { "usage_read",
	"select coalesce((select tier from chat.accounts where user_id = $1::uuid), 'Basic'),"
	" to_char(d.day, 'YYYY-MM-DD'), coalesce(q.messages, 0),"
	" coalesce(q.prompt_tokens, 0), coalesce(q.tokens - q.prompt_tokens, 0),"
	" coalesce(q.reserved_tokens, 0)"
	" from (select (now() at time zone 'utc')::date - g as day"
	"   from generate_series(0, $2::int4 - 1) g) d"
	" left join chat.quota q on q.user_id = $1 and q.day = d.day order by d.day" };

static enum err read_days(struct task *t, const struct pg_rows *rows, void *into)
{
	struct usage *u = into;

	u->count = pg_count(rows);
	u->days = arena_alloc(&t->arena, (size_t)u->count * sizeof *u->days);
	for (int i = 0; i < u->count; i++) {
		u->is_pro = str_eq(pg_text(rows, i, 0), STR("Pro"));
		u->days[i] = (struct usage_day){ .day = arena_dup(
							 &t->arena, pg_text(rows, i, 1)),
			.messages = pg_i64(rows, i, 2),
			.prompt_tokens = pg_i64(rows, i, 3),
			.output_tokens = pg_i64(rows, i, 4) };
		u->reserved_tokens = pg_i64(rows, i, 5);
	}
	return ERR_OK;
}

outcome_t usage_read(struct task *t, int64_t days, struct usage *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_i32(&p, (int32_t)days);
	return pg_run(t, &read_usage, &p, read_days, out, next);
}
