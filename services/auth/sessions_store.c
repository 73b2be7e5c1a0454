#include "sessions_store.h"

#include "client_address.h"
#include "data/pg.h"

#define GRACE_S 10 /* how long a used refresh token gives its successor once more */

static const struct pg_stmt BEGIN = { "sessions_begin",
	"select user_id, is_new, auth_time_s from auth.sign_in($1::text, $2::uuid, "
	"$3::uuid,"
	" $4::bytea, $5::bigint, $6::text)",
	true };

static const struct pg_stmt ROTATE = { "sessions_rotate",
	"select outcome, user_id, session_id, auth_time_s, successor from "
	"auth.refresh($1::bytea,"
	" $2::bytea, $3::bytea, $4::bigint, $5::bigint, $6::bigint, $7::text)",
	true };

static const struct pg_stmt END = { "sessions_end",
	"select auth.sign_out($1::uuid, $2::uuid, $3::bigint, $4::text)", true };

static const struct pg_stmt SWEEP = { "sessions_sweep",
	"select auth.sweep($1::integer, $2::bigint, $3::bigint)", true };

static enum err read_begun(struct task *t, const struct pg_rows *rows, void *into)
{
	struct sign_in *s = into;

	(void)t;
	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	s->who.user_id = pg_uuid(rows, 0, 0);
	s->is_new = pg_bool(rows, 0, 1);
	s->who.auth_time_s = pg_i64(rows, 0, 2);
	return ERR_OK;
}

outcome_t sessions_begin(struct task *t, struct sign_in *s, step_fn *next)
{
	struct uuid user_id = uuid_v7();
	struct pg_params p = { 0 };

	refresh_token_new(&s->refresh);
	s->who.session_id = uuid_v7();
	pg_add_text(&p, s->mobile);
	pg_add_uuid(&p, &user_id);
	pg_add_uuid(&p, &s->who.session_id);
	pg_add_bytes(&p, refresh_token_digest(&s->refresh));
	pg_add_i64(&p, auth_of(t)->session_life_s);
	pg_add_text(&p, client_address(t));
	return pg_run(t, &BEGIN, &p, read_begun, s, next);
}

/* Another request rotated it moments ago: its successor is the one that counts. */
static enum err open_successor(struct task *t, struct rotation *r, struct str sealed)
{
	uint8_t secret[REFRESH_SIZE];
	struct str text;

	if (sealed.len != REFRESH_SIZE)
		return ERR_INTERNAL;
	refresh_token_seal(&r->used, (const uint8_t *)sealed.ptr, secret);
	memcpy(r->next.secret, secret, sizeof secret);
	text = refresh_token_text(&r->next, &t->arena);
	return refresh_token_parse(text, &t->arena, &r->next) ? ERR_OK : ERR_INTERNAL;
}

static enum err read_rotated(struct task *t, const struct pg_rows *rows, void *into)
{
	struct rotation *r = into;
	struct str outcome;

	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	outcome = pg_text(rows, 0, 0);
	r->who.user_id = pg_uuid(rows, 0, 1);
	r->who.session_id = pg_uuid(rows, 0, 2);
	r->who.auth_time_s = pg_i64(rows, 0, 3);
	if (str_eq(outcome, STR("rotated")))
		return ERR_OK;
	if (str_eq(outcome, STR("repeated")))
		return open_successor(t, r, pg_text(rows, 0, 4));
	return str_eq(outcome, STR("reused")) ? ERR_CONFLICT : ERR_NOT_FOUND;
}

outcome_t sessions_rotate(struct task *t, struct rotation *r, step_fn *next)
{
	const struct auth *auth = auth_of(t);
	uint8_t sealed[REFRESH_SIZE];
	struct pg_params p = { 0 };

	refresh_token_new(&r->next);
	refresh_token_seal(&r->used, r->next.secret, sealed);
	pg_add_bytes(&p, refresh_token_digest(&r->used));
	pg_add_bytes(&p, refresh_token_digest(&r->next));
	pg_add_bytes(&p, str_span((const char *)sealed, sizeof sealed));
	pg_add_i64(&p, GRACE_S);
	pg_add_i64(&p, auth->session_idle_s);
	pg_add_i64(&p, auth->access_token_s);
	pg_add_text(&p, client_address(t));
	return pg_run(t, &ROTATE, &p, read_rotated, r, next);
}

static enum err read_ended(struct task *t, const struct pg_rows *rows, void *into)
{
	(void)t;
	(void)into;
	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	return pg_bool(rows, 0, 0) ? ERR_OK : ERR_NOT_FOUND;
}

outcome_t sessions_end(struct task *t, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_uuid(&p, &t->caller->session_id);
	pg_add_i64(&p, auth_of(t)->access_token_s);
	pg_add_text(&p, client_address(t));
	return pg_run(t, &END, &p, read_ended, NULL, next);
}

static enum err read_removed(struct task *t, const struct pg_rows *rows, void *into)
{
	int64_t *removed = into;

	(void)t;
	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	*removed = pg_i64(rows, 0, 0);
	return ERR_OK;
}

outcome_t sessions_sweep(struct task *t, int64_t *removed, step_fn *next)
{
	const struct auth *auth = auth_of(t);
	struct pg_params p = { 0 };

	pg_add_i32(&p, SWEEP_ROWS);
	pg_add_i64(&p, auth->session_idle_s);
	pg_add_i64(&p, auth->audit_days);
	return pg_run(t, &SWEEP, &p, read_removed, removed, next);
}
