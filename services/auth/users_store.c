#include "users_store.h"

#include "client_address.h"
#include "data/pg.h"

static const struct pg_stmt FIND_CALLER = { "users_find_caller",
	"select u.mobile, u.created_at, coalesce(t.tier, 'Basic')"
	" from auth.sessions s join auth.users u on u.id = s.user_id"
	" left join auth.tiers t on t.user_id = u.id"
	" where s.id = $2 and s.user_id = $1 and s.ended_at is null and s.expires_at > "
	"now()",
	false };

static const struct pg_stmt SET_PASSWORD = { "users_set_password",
	"select auth.change_password($1::uuid, $2::uuid, $3::text, $4::bigint, $5::bigint, "
	"$6::text)",
	true };

static const struct pg_stmt SET_TIER = { "users_set_tier",
	"select auth.set_tier($1::uuid, $2::text, $3::bigint)", true };

bool users_store_is_up(const struct task *t)
{
	return pg_is_up(t->app->pg);
}

static enum err read_user(struct task *t, const struct pg_rows *rows, void *into)
{
	struct user *out = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	out->mobile = arena_dup(&t->arena, pg_text(rows, 0, 0));
	out->created_us = pg_time(rows, 0, 1);
	out->tier = arena_dup(&t->arena, pg_text(rows, 0, 2));
	return ERR_OK;
}

outcome_t users_find_caller(struct task *t, struct user *out, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_uuid(&p, &t->caller->session_id);
	return pg_run(t, &FIND_CALLER, &p, read_user, out, next);
}

static enum err read_others(struct task *t, const struct pg_rows *rows, void *into)
{
	int64_t *others = into;

	(void)t;
	if (pg_count(rows) != 1)
		return ERR_INTERNAL;
	if (pg_null(rows, 0, 0))
		return ERR_NOT_FOUND;
	*others = pg_i64(rows, 0, 0);
	return ERR_OK;
}

outcome_t users_set_password(
	struct task *t, struct str stored, int64_t *others_ended, step_fn *next)
{
	const struct auth *auth = auth_of(t);
	struct pg_params p = { 0 };

	pg_add_uuid(&p, &t->caller->user_id);
	pg_add_uuid(&p, &t->caller->session_id);
	pg_add_text(&p, stored);
	pg_add_i64(&p, auth->password_fresh_login_s);
	pg_add_i64(&p, auth->access_token_s);
	pg_add_text(&p, client_address(t));
	return pg_run(t, &SET_PASSWORD, &p, read_others, others_ended, next);
}

outcome_t users_set_tier(struct task *t, const struct uuid *user_id, struct str tier,
	int64_t version, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user_id);
	pg_add_text(&p, tier);
	pg_add_i64(&p, version);
	return pg_run(t, &SET_TIER, &p, NULL, NULL, next);
}
