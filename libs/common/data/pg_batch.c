#include "data/pg_batch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

#define ARRAYS_MAX  16
#define BYTES_MAX   (1u << 20)   /* from here on a statement takes no further item */
#define KEEP_MAX    (256u << 10) /* an array's memory beyond this is given back */
#define SPLIT       8            /* a refused group is sent again as so many */
#define PATIENCE_MS 10000

/* One statement under way, or ready to be. */
struct lane {
	struct pg_batch *batch;
	struct pg_call call;
	struct pg_params params;
	struct pg_array arrays[ARRAYS_MAX];
	struct pg_batch_item **items; /* by number; NULL: told already */
	unsigned count;               /* 0: the lane is free */
};

struct pg_batch {
	struct loop *loop;
	struct pg *pg;
	const struct pg_batch_kind *kind;
	void *ctx;
	unsigned items_max, lane_count, wait_max, patience_ms;
	struct list waiting, refused; /* struct pg_batch_item.link */
	unsigned waiting_count;
	struct loop_hook flush;
	struct lane *lanes;
	bool flushing, leaving; /* leaving: freed when nothing is in hand any more */
};

static void lane_done(struct pg_call *call, enum err e, const struct pg_rows *rows);

/* ---- sending ---- */

static size_t lane_bytes(const struct lane *l)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < l->batch->kind->arrays; i++)
		bytes += l->arrays[i].out.len;
	return bytes;
}

/* Takes as many from the front as may travel together. */
static void lane_fill(struct lane *l)
{
	struct pg_batch *b = l->batch;
	const struct pg_batch_kind *kind = b->kind;
	unsigned most = b->items_max;

	for (unsigned i = 0; i < kind->arrays; i++)
		pg_array_begin(&l->arrays[i], kind->elem[i]);
	while (!list_empty(&b->waiting) && lane_bytes(l) < BYTES_MAX) {
		struct pg_batch_item *item = container_of(
			b->waiting.next, struct pg_batch_item, link);

		if (item->group && item->group < most)
			most = item->group;
		if (l->count >= most)
			return;
		list_del(&item->link);
		b->waiting_count--;
		kind->encode(item, l->arrays, b->ctx);
		l->items[l->count++] = item;
	}
}

static void lane_send(struct lane *l)
{
	struct pg_batch *b = l->batch;

	l->params.n = 0;
	for (unsigned i = 0; i < b->kind->arrays; i++) {
		assert((unsigned)l->arrays[i].count == l->count);
		pg_add_array(&l->params, &l->arrays[i]);
	}
	if (b->kind->extra)
		b->kind->extra(&l->params, b->ctx);
	l->call.stmt = b->kind->stmt;
	l->call.params = &l->params;
	l->call.done = lane_done;
	l->call.deadline_ms = clock_mono_ms() + b->patience_ms;
	pg_send(b->pg, &l->call);
}

static bool is_idle(const struct pg_batch *b)
{
	for (unsigned i = 0; i < b->lane_count; i++) {
		if (b->lanes[i].count)
			return false;
	}
	return !b->flushing && list_empty(&b->waiting) && list_empty(&b->refused);
}

static void batch_free(struct pg_batch *b)
{
	loop_hook_cancel(&b->flush);
	for (struct lane *l = b->lanes; l < b->lanes + b->lane_count; l++) {
		free(l->items);
		for (unsigned i = 0; i < ARRAYS_MAX; i++)
			pg_array_fini(&l->arrays[i]);
	}
	free(b->lanes);
	free(b);
}

static void tell_refused(struct pg_batch *b)
{
	struct list refused, *link;

	list_init(&refused);
	list_move_all(&refused, &b->refused);
	while ((link = list_pop(&refused))) {
		struct pg_batch_item *item = container_of(link, struct pg_batch_item, link);

		item->done(item, ERR_BUSY, NULL, 0);
	}
}

static void flush(struct loop_hook *hook)
{
	struct pg_batch *b = container_of(hook, struct pg_batch, flush);

	b->flushing = true;
	for (struct lane *l = b->lanes; l < b->lanes + b->lane_count; l++) {
		if (list_empty(&b->waiting))
			break;
		if (l->count)
			continue;
		lane_fill(l);
		lane_send(l);
	}
	tell_refused(b);
	b->flushing = false;
	if (b->leaving && is_idle(b))
		batch_free(b);
}

void pg_batch_add(struct pg_batch *b, struct pg_batch_item *item)
{
	item->group = 0;
	if (b->waiting_count >= b->wait_max) {
		list_push(&b->refused, &item->link);
	} else {
		list_push(&b->waiting, &item->link);
		b->waiting_count++;
	}
	loop_defer(b->loop, &b->flush);
}

/* ---- answers ---- */

static void tell(
	struct lane *l, unsigned n, enum err e, const struct pg_rows *rows, int row)
{
	struct pg_batch_item *item = l->items[n];

	l->items[n] = NULL;
	if (item)
		item->done(item, e, rows, row);
}

static void tell_rows(struct lane *l, const struct pg_rows *rows)
{
	int count = pg_count(rows);

	for (int row = 0; row < count; row++) {
		int64_t n = pg_i64(rows, row, 0);

		if (n >= 0 && n < l->count)
			tell(l, (unsigned)n, ERR_OK, rows, row);
	}
}

static void tell_rest(struct lane *l, enum err e)
{
	for (unsigned n = 0; n < l->count; n++)
		tell(l, n, e, NULL, 0);
}

/* Nothing was changed, and it may be the fault of a single item. */
static bool is_refusal(enum err e)
{
	switch (e) {
	case ERR_NOT_FOUND:
	case ERR_INVALID:
	case ERR_DENIED:
	case ERR_CONFLICT:
	case ERR_BUSY:
	case ERR_INTERNAL:
		return true;
	case ERR_OK:
	case ERR_TIMEOUT:
	case ERR_UNAVAILABLE:
	case ERR_CANCELED:
	case ERR_UNSURE:
		return false;
	}
	return false;
}

/* Back to the front, in order, to travel in smaller company. */
static void send_again(struct lane *l)
{
	struct pg_batch *b = l->batch;
	unsigned group = (l->count + SPLIT - 1) / SPLIT;

	for (unsigned n = l->count; n-- > 0;) {
		l->items[n]->group = group;
		list_push_front(&b->waiting, &l->items[n]->link);
		b->waiting_count++;
	}
}

static void lane_done(struct pg_call *call, enum err e, const struct pg_rows *rows)
{
	struct lane *l = container_of(call, struct lane, call);
	struct pg_batch *b = l->batch;

	if (is_refusal(e) && l->count > 1) {
		send_again(l);
	} else {
		if (e == ERR_OK)
			tell_rows(l, rows);
		tell_rest(l, e == ERR_OK ? ERR_NOT_FOUND : e);
	}
	l->count = 0;
	for (unsigned i = 0; i < b->kind->arrays; i++)
		buf_shrink(&l->arrays[i].out, KEEP_MAX);
	if (!list_empty(&b->waiting) || b->leaving)
		loop_defer(b->loop, &b->flush);
}

/* ---- open and free ---- */

static struct lane *lanes_new(struct pg_batch *b)
{
	struct lane *lanes = calloc(b->lane_count, sizeof *lanes);

	if (!lanes)
		abort();
	for (struct lane *l = lanes; l < lanes + b->lane_count; l++) {
		l->batch = b;
		l->items = calloc(b->items_max, sizeof *l->items);
		if (!l->items)
			abort();
	}
	return lanes;
}

struct pg_batch *pg_batch_open(
	struct loop *loop, struct pg *pg, const struct pg_batch_kind *kind, void *ctx)
{
	struct pg_batch *b = calloc(1, sizeof *b);

	if (!b)
		abort();
	assert(kind->arrays >= 1 && kind->arrays <= ARRAYS_MAX);
	b->loop = loop;
	b->pg = pg;
	b->kind = kind;
	b->ctx = ctx;
	b->items_max = kind->items_max ? kind->items_max : 500;
	b->lane_count = kind->lanes ? kind->lanes : 2;
	b->wait_max = kind->wait_max ? kind->wait_max : 20000;
	b->patience_ms = kind->patience_ms ? kind->patience_ms : PATIENCE_MS;
	list_init(&b->waiting);
	list_init(&b->refused);
	b->flush.run = flush;
	b->lanes = lanes_new(b);
	return b;
}

unsigned pg_batch_waiting(const struct pg_batch *b)
{
	return b->waiting_count;
}

void pg_batch_free(struct pg_batch **batch)
{
	struct pg_batch *b = *batch;

	*batch = NULL;
	if (!b)
		return;
	b->leaving = true;
	if (is_idle(b))
		batch_free(b);
}
