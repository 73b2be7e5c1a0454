#include "accounts_store.h"

#include "data/pg.h"

static const struct pg_stmt begin_checkout = { "checkout_begin",
	"select tier, standing, customer_id, customers, attempt, session_id, url"
	" from billing.begin_checkout($1::uuid, $2::text, $3::uuid)",
	.write = true };

static const struct pg_stmt drop_checkout = { "checkout_drop",
	"delete from billing.checkouts where user_id = $1::uuid and attempt = $2::uuid",
	.write = true };

static const struct pg_stmt open_checkout = { "checkout_opened",
	"update billing.checkouts set session_id = $2::text, url = $3::text,"
	" expires_at = $4::timestamptz where attempt = $1::uuid returning user_id",
	.write = true };

static const struct pg_stmt expire_checkout = { "checkout_expired",
	"delete from billing.checkouts where session_id = $1::text", .write = true };

static const struct pg_stmt link_account = { "account_link",
	"update billing.accounts set customer_id = coalesce(customer_id, $2::text)"
	" where user_id = $1::uuid returning customer_id",
	.write = true };

static const struct pg_stmt unlink_account = { "account_unlink",
	"update billing.accounts set customer_id = null, customers = customers + 1"
	" where user_id = $1::uuid and customer_id = $2::text",
	.write = true };

static const struct pg_stmt new_key = { "account_new_key",
	"update billing.accounts set customers = customers + 1"
	" where user_id = $1::uuid and customers = $2::int8 and customer_id is null",
	.write = true };

static const struct pg_stmt find_customer = { "account_customer",
	"select customer_id from billing.accounts"
	" where user_id = $1::uuid and customer_id is not null" };

static struct str text_kept(struct task *t, const struct pg_rows *rows, int col)
{
	return pg_null(rows, 0, col) ? STR_NONE
				     : arena_dup(&t->arena, pg_text(rows, 0, col));
}

static enum err read_checkout(struct task *t, const struct pg_rows *rows, void *into)
{
	struct checkout_row *row = into;

	if (pg_count(rows) == 0)
		return ERR_INTERNAL;
	row->tier = text_kept(t, rows, 0);
	row->standing = text_kept(t, rows, 1);
	row->customer_id = text_kept(t, rows, 2);
	row->customers = pg_i64(rows, 0, 3);
	row->attempt = pg_uuid(rows, 0, 4);
	row->session_id = text_kept(t, rows, 5);
	row->url = text_kept(t, rows, 6);
	return ERR_OK;
}

outcome_t checkout_begin(struct task *t, const struct uuid *user, struct str terms,
	const struct uuid *attempt, struct checkout_row *into, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	pg_add_text(&p, terms);
	pg_add_uuid(&p, attempt);
	return pg_run(t, &begin_checkout, &p, read_checkout, into, next);
}

outcome_t checkout_drop(
	struct task *t, const struct uuid *user, const struct uuid *attempt, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	pg_add_uuid(&p, attempt);
	return pg_run(t, &drop_checkout, &p, NULL, NULL, next);
}

static enum err read_any(struct task *t, const struct pg_rows *rows, void *into)
{
	(void)t;
	(void)into;
	return pg_count(rows) ? ERR_OK : ERR_NOT_FOUND;
}

outcome_t checkout_opened(struct task *t, const struct uuid *attempt, struct str session_id,
	struct str url, int64_t expires_at_s, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, attempt);
	pg_add_text(&p, session_id);
	pg_add_text(&p, url);
	pg_add_time(&p, expires_at_s * 1000000);
	return pg_run(t, &open_checkout, &p, read_any, NULL, next);
}

outcome_t checkout_expired(struct task *t, struct str session_id, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, session_id);
	return pg_run(t, &expire_checkout, &p, NULL, NULL, next);
}

static enum err read_customer(struct task *t, const struct pg_rows *rows, void *into)
{
	struct str *customer_id = into;

	if (pg_count(rows) == 0)
		return ERR_NOT_FOUND;
	*customer_id = text_kept(t, rows, 0);
	return ERR_OK;
}

outcome_t account_link(
	struct task *t, const struct uuid *user, struct str *customer_id, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	pg_add_text(&p, *customer_id);
	return pg_run(t, &link_account, &p, read_customer, customer_id, next);
}

outcome_t account_unlink(
	struct task *t, const struct uuid *user, struct str customer_id, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	pg_add_text(&p, customer_id);
	return pg_run(t, &unlink_account, &p, NULL, NULL, next);
}

outcome_t account_new_key(
	struct task *t, const struct uuid *user, int64_t customers, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	pg_add_i64(&p, customers);
	return pg_run(t, &new_key, &p, NULL, NULL, next);
}

outcome_t account_customer(
	struct task *t, const struct uuid *user, struct str *customer_id, step_fn *next)
{
	struct pg_params p = { 0 };

	pg_add_uuid(&p, user);
	return pg_run(t, &find_customer, &p, read_customer, customer_id, next);
}
