#include "messages_store.h"

#include "chat.h"

static const struct pg_stmt accept_messages = { "accept_messages",
	"select * from chat.accept_messages($1::uuid[], $2::uuid[], $3::uuid[], "
	"$4::uuid[], $5::text[],"
	" $6::text[], $7::bytea[], $8::text[], $9::int4[], $10::text[], $11::uuid[],"
	" $12::int4, $13::int4, $14::int8, $15::int8)",
	.write = true };

static struct str name_of_kind(enum accept_kind kind)
{
	switch (kind) {
	case ACCEPT_SEND:
		return STR_NONE;
	case ACCEPT_EDIT:
		return STR("edit");
	case ACCEPT_REGENERATE:
		return STR("regenerate");
	}
	return STR_NONE;
}

static void encode(const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct accept *a = container_of((void *)item, struct accept, item);
	bool keyed = a->key.ptr != NULL;

	(void)ctx;
	pg_array_uuid(&arrays[0], &a->user_id);
	pg_array_uuid(&arrays[1], &a->room_id);
	pg_array_uuid(&arrays[2], &a->message_id);
	pg_array_uuid(&arrays[3], &a->reply_id);
	pg_array_text(&arrays[4], a->content);
	pg_array_text(&arrays[5], a->key);
	pg_array_text(&arrays[6],
		keyed ? str_span((const char *)a->fingerprint, sizeof a->fingerprint)
		      : STR_NONE);
	pg_array_text(&arrays[7], a->traceparent);
	pg_array_i32(&arrays[8], a->reserve_tokens);
	pg_array_text(&arrays[9], name_of_kind(a->kind));
	if (a->kind == ACCEPT_SEND)
		pg_array_null(&arrays[10]);
	else
		pg_array_uuid(&arrays[10], &a->target_id);
}

static void extra(struct pg_params *p, void *ctx)
{
	const struct chat *c = ctx;

	pg_add_i32(p, (int32_t)c->basic_daily_messages);
	pg_add_i32(p, (int32_t)c->pro_daily_messages);
	pg_add_i64(p, chat_daily_tokens(c, false));
	pg_add_i64(p, chat_daily_tokens(c, true));
}

/* clang-format off */
#define ACCEPT_ARRAYS .stmt = &accept_messages, .arrays = 11, .encode = encode, .extra = extra, \
	.elem = { PG_ELEM_UUID, PG_ELEM_UUID, PG_ELEM_UUID, PG_ELEM_UUID, PG_ELEM_TEXT, PG_ELEM_TEXT, \
		PG_ELEM_BYTES, PG_ELEM_TEXT, PG_ELEM_I32, PG_ELEM_TEXT, PG_ELEM_UUID }
/* clang-format on */

static const struct pg_batch_kind accepts = { ACCEPT_ARRAYS, .lanes = 1 };
/* One that names a target travels alone: it is rare, and the statement simpler for it. */
static const struct pg_batch_kind branches = { ACCEPT_ARRAYS, .items_max = 1 };

void messages_store_open(struct chat *c)
{
	c->accepts = pg_batch_open(&c->app->loop, c->app->pg, &accepts, c);
	c->branches = pg_batch_open(&c->app->loop, c->app->pg, &branches, c);
}

/* What is still in flight ends when the pool closes; its batch goes with the process. */
void messages_store_close(struct chat *c)
{
	if (pg_batch_waiting(c->accepts) == 0)
		pg_batch_free(&c->accepts);
	if (pg_batch_waiting(c->branches) == 0)
		pg_batch_free(&c->branches);
}

static enum err outcome_of_status(int64_t status, enum accept_outcome *out)
{
	switch (status) {
	case 202:
		*out = ACCEPT_ACCEPTED;
		return ERR_OK;
	case 200:
		*out = ACCEPT_REPLAYED;
		return ERR_OK;
	case 404:
		*out = ACCEPT_NO_ROOM;
		return ERR_OK;
	case 409:
		*out = ACCEPT_STILL_OWED;
		return ERR_OK;
	case 422:
		*out = ACCEPT_KEY_REUSED;
		return ERR_OK;
	case 429:
		*out = ACCEPT_NO_QUOTA;
		return ERR_OK;
	case 430:
		*out = ACCEPT_NO_TOKENS;
		return ERR_OK;
	}
	return ERR_INTERNAL;
}

static void accept_done(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	struct accept *a = container_of(item, struct accept, item);

	if (e == ERR_OK)
		e = outcome_of_status(pg_i64(rows, row, 1), &a->outcome);
	if (e == ERR_OK) {
		a->message_id = pg_uuid(rows, row, 2);
		a->reply_id = pg_uuid(rows, row, 3);
		a->created_at_us = pg_time(rows, row, 4);
		a->is_pro = str_eq(pg_text(rows, row, 5), STR("Pro"));
		a->used = pg_i64(rows, row, 6);
		a->allowed = pg_i64(rows, row, 7);
		a->said_at_us = a->created_at_us;
		if (!pg_null(rows, row, 8)) {
			a->content = arena_dup(&a->task->arena, pg_text(rows, row, 8));
			a->said_at_us = pg_time(rows, row, 9);
		}
	}
	task_wake(a->task, e);
}

outcome_t messages_accept(struct task *t, struct accept *a, step_fn *next)
{
	a->task = t;
	a->item.done = accept_done;
	pg_batch_add(a->kind == ACCEPT_SEND ? chat_of(t)->accepts : chat_of(t)->branches,
		&a->item);
	return task_wait(t, next);
}
