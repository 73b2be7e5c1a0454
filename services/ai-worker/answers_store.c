#include "answers_store.h"

#include "answer_usage.h"
#include "data/pg.h"

#define TURNS_MAX       256
#define TOKEN_BYTES_MAX 4 /* of token_estimate: more text than this never fits */

/* ---- claim ---- */

static const struct pg_stmt claim_stmt = { "worker_claim",
	"select * from chat.worker_claim($1::uuid[], $2::uuid[], $3::text, $4::int4, $5::int4, $6::int4)",
	.write = true };

static void encode_claim(
	const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct answer *a = container_of((void *)item, struct answer, item);

	(void)ctx;
	pg_array_uuid(&arrays[0], &a->room_id);
	pg_array_uuid(&arrays[1], &a->reply_id);
}

static void extra_claim(struct pg_params *p, void *ctx)
{
	const struct worker *w = ctx;

	pg_add_text(p, str_of(w->name));
	pg_add_i32(p, (int32_t)w->lease_ms);
	pg_add_i32(p, (int32_t)w->context_turns);
	pg_add_i32(p, (int32_t)(w->context_max_tokens * TOKEN_BYTES_MAX));
}

static const struct pg_batch_kind claims = { .stmt = &claim_stmt,
	.arrays = 2,
	.elem = { PG_ELEM_UUID, PG_ELEM_UUID },
	.encode = encode_claim,
	.extra = extra_claim,
	.items_max = 64, /* each may bring a whole context along */
	.lanes = 1 };

static int64_t number_of(struct str s)
{
	int64_t n = 0;

	(void)str_i64(s, &n);
	return n;
}

static void claim_done(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	struct answer *a = container_of(item, struct answer, item);
	struct str senders[TURNS_MAX], contents[TURNS_MAX], depths[TURNS_MAX];
	struct turn turns[TURNS_MAX];
	struct claim c = { .outcome = CLAIM_LATER, .turns = turns };

	if (e == ERR_OK && str_eq(pg_text(rows, row, 1), STR("gone")))
		c.outcome = CLAIM_GONE;
	c.stop = e == ERR_OK && str_eq(pg_text(rows, row, 1), STR("stop"));
	if (c.stop || (e == ERR_OK && str_eq(pg_text(rows, row, 1), STR("claimed")))) {
		c.outcome = CLAIM_OURS;
		c.created_at_us = pg_time(rows, row, 4);
		a->fence = pg_i64(rows, row, 2);
		a->attempts = pg_i64(rows, row, 3);
	}
	if (c.outcome == CLAIM_OURS && !c.stop) {
		c.turn_count = pg_text_array(rows, row, 5, senders, TURNS_MAX);
		if (pg_text_array(rows, row, 6, contents, TURNS_MAX) != c.turn_count ||
			pg_text_array(rows, row, 7, depths, TURNS_MAX) != c.turn_count)
			e = ERR_INTERNAL;
		for (int i = 0; i < c.turn_count; i++)
			turns[i] = (struct turn){ str_eq(senders[i], STR("user")),
				contents[i], number_of(depths[i]) };
		c.system_prompt = pg_text(rows, row, 8);
	}
	answer_claimed(a, e, &c);
}

void answers_claim(struct answer *a)
{
	a->at_store = true;
	a->item.done = claim_done;
	pg_batch_add(a->worker->claims, &a->item);
}

/* ---- finish ---- */

static const struct pg_stmt finish_stmt = { "worker_finish",
	"select * from chat.worker_finish($1::uuid[], $2::int8[], $3::text[], $4::text[], "
	"$5::text[],"
	" $6::text[], $7::text[], $8::text[], $9::text[], $10::int4[], $11::int4[],"
	" $12::bool[], $13::int4[], $14::int4[])",
	.write = true };

static struct str text_or_null(const char *z)
{
	return z && *z ? str_of(z) : STR_NONE;
}

static int32_t as_i32(int64_t n)
{
	return n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : (int32_t)n;
}

static void encode_finish(
	const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct answer *a = container_of((void *)item, struct answer, item);
	const struct worker *w = ctx;

	pg_array_uuid(&arrays[0], &a->reply_id);
	pg_array_i64(&arrays[1], a->fence);
	pg_array_text(&arrays[2], str_of(answer_end_name(a->end)));
	pg_array_text(&arrays[3], a->text.len ? buf_str(&a->text) : STR(""));
	pg_array_text(&arrays[4], str_of(w->models[a->model].name));
	pg_array_text(&arrays[5], text_or_null(a->said.version));
	pg_array_text(
		&arrays[6], text_or_null(a->said.finish_reason[0] ? a->said.finish_reason
								  : a->said.block_reason));
	pg_array_text(&arrays[7], text_or_null(a->why));
	pg_array_text(&arrays[8], text_or_null(a->last_error));
	pg_array_i32(&arrays[9], as_i32(a->usage.prompt_tokens));
	pg_array_i32(&arrays[10], as_i32(a->usage.output_tokens));
	pg_array_bool(&arrays[11], a->usage.is_estimated);
	pg_array_i32(&arrays[12], a->told.turns);
	pg_array_i32(&arrays[13], as_i32(a->told.left_out));
}

static const struct pg_batch_kind finishes = { .stmt = &finish_stmt,
	.arrays = 14,
	.elem = { PG_ELEM_UUID, PG_ELEM_I64, PG_ELEM_TEXT, PG_ELEM_TEXT, PG_ELEM_TEXT,
		PG_ELEM_TEXT, PG_ELEM_TEXT, PG_ELEM_TEXT, PG_ELEM_TEXT, PG_ELEM_I32,
		PG_ELEM_I32, PG_ELEM_BOOL, PG_ELEM_I32, PG_ELEM_I32 },
	.encode = encode_finish,
	.lanes = 1 };

static void finish_done(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	(void)rows;
	(void)row;
	answer_stored(container_of(item, struct answer, item), e);
}

void answers_finish(struct answer *a)
{
	a->at_store = true;
	a->item.done = finish_done;
	pg_batch_add(a->worker->finishes, &a->item);
}

/* ---- release ---- */

static const struct pg_stmt release_stmt = { "worker_release",
	"select * from chat.worker_release($1::uuid[], $2::int8[], $3::int4[], $4::bool[], "
	"$5::text[])",
	.write = true };

static void encode_release(
	const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct answer *a = container_of((void *)item, struct answer, item);

	(void)ctx;
	pg_array_uuid(&arrays[0], &a->reply_id);
	pg_array_i64(&arrays[1], a->fence);
	pg_array_i32(&arrays[2], as_i32(a->delay_ms));
	pg_array_bool(&arrays[3], a->burnt);
	pg_array_text(&arrays[4], text_or_null(a->last_error));
}

static const struct pg_batch_kind releases = { .stmt = &release_stmt,
	.arrays = 5,
	.elem = { PG_ELEM_UUID, PG_ELEM_I64, PG_ELEM_I32, PG_ELEM_BOOL, PG_ELEM_TEXT },
	.encode = encode_release };

static void release_done(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	(void)rows;
	(void)row;
	answer_released(container_of(item, struct answer, item), e);
}

void answers_release(struct answer *a)
{
	a->at_store = true;
	a->item.done = release_done;
	pg_batch_add(a->worker->releases, &a->item);
}

/* ---- heartbeat ---- */

static const struct pg_stmt beat_stmt = { "worker_heartbeat",
	"select * from chat.worker_heartbeat($1::uuid[], $2::int8[], $3::int4[], $4::int4)",
	.write = true };

static void encode_beat(
	const struct pg_batch_item *item, struct pg_array *arrays, void *ctx)
{
	const struct answer *a = container_of((void *)item, struct answer, beat_item);

	(void)ctx;
	pg_array_uuid(&arrays[0], &a->reply_id);
	pg_array_i64(&arrays[1], a->fence);
	pg_array_i32(&arrays[2], as_i32(answer_tokens(a)));
}

static void extra_beat(struct pg_params *p, void *ctx)
{
	pg_add_i32(p, (int32_t)((struct worker *)ctx)->lease_ms);
}

static const struct pg_batch_kind beats = { .stmt = &beat_stmt,
	.arrays = 3,
	.elem = { PG_ELEM_UUID, PG_ELEM_I64, PG_ELEM_I32 },
	.encode = encode_beat,
	.extra = extra_beat };

/* No row: the lease is not ours any more. A store that is away proves nothing. */
static void beat_done(
	struct pg_batch_item *item, enum err e, const struct pg_rows *rows, int row)
{
	struct answer *a = container_of(item, struct answer, beat_item);

	a->beating = false;
	answer_beaten(a, e, e == ERR_OK && pg_bool(rows, row, 1));
}

void answers_heartbeat(struct answer *a)
{
	if (a->beating)
		return;
	a->beating = true;
	a->beat_item.done = beat_done;
	pg_batch_add(a->worker->beats, &a->beat_item);
}

void answers_store_open(struct worker *w)
{
	struct loop *loop = &w->app->loop;

	w->claims = pg_batch_open(loop, w->app->pg, &claims, w);
	w->finishes = pg_batch_open(loop, w->app->pg, &finishes, w);
	w->releases = pg_batch_open(loop, w->app->pg, &releases, w);
	w->beats = pg_batch_open(loop, w->app->pg, &beats, w);
}

void answers_store_close(struct worker *w)
{
	pg_batch_free(&w->claims);
	pg_batch_free(&w->finishes);
	pg_batch_free(&w->releases);
	pg_batch_free(&w->beats);
}
