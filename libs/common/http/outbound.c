#include "http/outbound.h"

#include <assert.h>
#include <stdlib.h>

#include "app/app.h"
#include "base/clock.h"
#include "http/outbound_slot.h"

#define TICK_MS 100

struct outbound {
	struct outbound_loop curl;
	struct loop_hook later; /* starts calls that wait for a slot */
	struct timer tick;
	unsigned slot_count, slot_max;
	unsigned in_flight;
	struct list free, busy, canceled; /* slots */
	struct list waiting;              /* calls */
	unsigned closing;                 /* of tick and curl: still to be closed */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* ---- slots ---- */

static struct outbound_slot *slot_take(struct outbound *o)
{
	struct list *link = list_pop(&o->free);

	if (link)
		return container_of(link, struct outbound_slot, link);
	o->slot_count++;
	return outbound_slot_new(&o->curl);
}

static void start(struct outbound *o, struct outbound_call *c)
{
	struct outbound_slot *slot = slot_take(o);

	outbound_slot_load(slot, c);
	c->slot = slot;
	list_push(&o->busy, &slot->link);
	outbound_loop_add(&o->curl, slot->easy);
}

/* Out of curl; its connection is closed if the answer was not whole. */
static void slot_release(struct outbound_slot *slot)
{
	struct outbound *o = container_of(slot->curl, struct outbound, curl);

	outbound_loop_remove(&o->curl, slot->easy);
	slot->call = NULL;
	list_del(&slot->link);
	list_push_front(&o->free, &slot->link);
	if (!list_empty(&o->waiting))
		loop_defer(o->curl.loop, &o->later);
}

/* ---- the end of a call ---- */

static void finish(struct outbound_slot *slot, enum err e)
{
	struct outbound *o = container_of(slot->curl, struct outbound, curl);
	struct outbound_call *c = slot->call;

	slot_release(slot);
	o->in_flight--;
	c->outbound = NULL;
	c->slot = NULL;
	/* Nobody takes the slot in this turn. */
	c->content_type = str_of(slot->content_type);
	c->on_done(c, e);
}

static void on_ended(struct outbound_loop *curl, CURL *easy, CURLcode code)
{
	struct outbound_slot *slot;
	char *private;

	(void)curl;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	slot = (struct outbound_slot *)(void *)private;
	if (slot->call) /* else it was canceled inside curl, and is released in on_left */
		finish(slot, outbound_slot_outcome(slot, code));
}

static void on_left(struct outbound_loop *curl)
{
	struct outbound *o = container_of(curl, struct outbound, curl);
	struct list *link;

	while ((link = list_pop(&o->canceled)))
		slot_release(container_of(link, struct outbound_slot, link));
}

void outbound_cancel(struct outbound_call *c)
{
	struct outbound *o = c->outbound;
	struct outbound_slot *slot = c->slot;

	if (!o)
		return;
	o->in_flight--;
	c->outbound = NULL;
	c->slot = NULL;
	if (!slot) {
		list_del(&c->link);
		return;
	}
	slot->call = NULL;
	if (!o->curl.inside) {
		slot_release(slot);
		return;
	}
	list_del(&slot->link);
	list_push(&o->canceled, &slot->link);
}

/* ---- time ---- */

static bool is_late(const struct outbound_slot *slot, uint64_t now_ms)
{
	const struct outbound_call *c = slot->call;

	if (now_ms - slot->began_ms >= c->total_ms)
		return true;
	if (!slot->heard_ms)
		return now_ms - slot->began_ms >= c->first_byte_ms;
	return now_ms - slot->heard_ms >= c->gap_ms;
}

static void on_tick(struct timer *timer)
{
	struct outbound *o = container_of(timer, struct outbound, tick);
	uint64_t now_ms = uv_now(&o->curl.loop->uv);
	struct list late;
	struct list *link;

	list_init(&late);
	LIST_EACH (&o->busy, it) {
		if (is_late(container_of(it, struct outbound_slot, link), now_ms)) {
			list_del(it);
			list_push(&late, it);
		}
	}
	while ((link = list_pop(&late)))
		finish(container_of(link, struct outbound_slot, link), ERR_TIMEOUT);
	if (o->in_flight == 0)
		timer_stop(timer);
}

/* ---- the whole ---- */

static void on_later(struct loop_hook *hook)
{
	struct outbound *o = container_of(hook, struct outbound, later);
	struct list *link;

	while ((!list_empty(&o->free) || o->slot_count < o->slot_max) &&
		(link = list_pop(&o->waiting)))
		start(o, container_of(link, struct outbound_call, link));
}

static void closed_one(struct outbound *o)
{
	void (*closed)(void *ctx) = o->closed;
	void *ctx = o->closed_ctx;

	if (--o->closing)
		return;
	free(o);
	if (closed)
		closed(ctx);
}

static void on_curl_closed(struct outbound_loop *curl)
{
	closed_one(container_of(curl, struct outbound, curl));
}

static void on_tick_closed(struct timer *timer)
{
	closed_one(container_of(timer, struct outbound, tick));
}

struct outbound *outbound_open(struct loop *loop, unsigned connections_max)
{
	struct outbound *o = calloc(1, sizeof *o);

	if (!o)
		abort();
	o->slot_max = connections_max;
	o->later.run = on_later;
	o->curl.ended = on_ended;
	o->curl.left = on_left;
	o->curl.closed = on_curl_closed;
	list_init(&o->free);
	list_init(&o->busy);
	list_init(&o->canceled);
	list_init(&o->waiting);
	timer_open(loop, &o->tick, on_tick);
	outbound_loop_open(&o->curl, loop, connections_max);
	return o;
}

static void set_default(unsigned *value, unsigned dflt)
{
	if (*value == 0)
		*value = dflt;
}

void outbound_send(struct outbound *o, struct outbound_call *c)
{
	assert(!o->closing && c->on_done);
	set_default(&c->connect_ms, 5000);
	set_default(&c->first_byte_ms, 30000);
	set_default(&c->gap_ms, 30000);
	set_default(&c->total_ms, 120000);
	if (c->body_max == 0)
		c->body_max = 8u << 20;
	c->status = 0;
	c->retry_after_s = -1;
	c->request_id[0] = '\0';
	c->content_type = STR_NONE;
	c->outbound = o;
	c->slot = NULL;
	list_init(&c->link);
	list_push(&o->waiting, &c->link);
	if (o->in_flight++ == 0)
		timer_start(&o->tick, TICK_MS, TICK_MS);
	loop_defer(o->curl.loop, &o->later);
}

bool outbound_is_sent(const struct outbound_call *c)
{
	curl_off_t sent = 0;

	return c->slot &&
	       curl_easy_getinfo(c->slot->easy, CURLINFO_SIZE_UPLOAD_T, &sent) ==
		       CURLE_OK &&
	       (size_t)sent == c->body.len;
}

unsigned outbound_in_flight(const struct outbound *o)
{
	return o->in_flight;
}

void outbound_close(struct outbound **op, void (*cb)(void *ctx), void *ctx)
{
	struct outbound *o = *op;
	struct list *link;

	*op = NULL;
	assert(o->in_flight == 0 && !o->curl.inside);
	o->closing = 2;
	o->closed = cb;
	o->closed_ctx = ctx;
	loop_hook_cancel(&o->later);
	while ((link = list_pop(&o->free))) {
		struct outbound_slot *slot = container_of(link, struct outbound_slot, link);

		outbound_slot_free(&slot);
	}
	timer_close(&o->tick, on_tick_closed);
	outbound_loop_close(&o->curl);
}

/* ---- from a task ---- */

static void run_done(struct outbound_call *c, enum err e)
{
	task_wake(c->task, e);
}

static void run_canceled(struct task *t, void *ctx)
{
	outbound_cancel(ctx);
	task_wake_soon(t, ERR_CANCELED);
}

outcome_t outbound_run(
	struct task *t, struct outbound *o, struct outbound_call *c, step_fn *next)
{
	uint64_t now_ms = clock_mono_ms(), left_ms;

	if (t->canceled)
		return task_continue(t, ERR_CANCELED, next);
	if (t->deadline_ms) {
		if (now_ms >= t->deadline_ms)
			return task_continue(t, ERR_TIMEOUT, next);
		left_ms = t->deadline_ms - now_ms;
		set_default(&c->total_ms, 120000);
		if (left_ms < c->total_ms)
			c->total_ms = (unsigned)left_ms;
	}
	c->task = t;
	c->on_done = run_done;
	outbound_send(o, c);
	task_on_cancel(t, run_canceled, c);
	return task_wait(t, next);
}
