#include "room_bell.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "data/redis.h"
#include "places.h"
#include "stream_store.h"

#define TICK_MS       1000
#define LIST_EVERY_MS 15000

struct bells {
	struct chat *chat;
	struct map by_room;
	struct list all;
	struct timer tick;
};

struct bell {
	struct map_node node; /* key: room_id */
	struct list link;
	struct bells *bells; /* NULL: abandoned */
	struct uuid room_id, user_id;
	struct list listeners;
	struct pubsub_watch watch;
	struct uuid listed; /* up to here the lists are complete */
	bool listing, again;
	uint64_t listed_ms;
	unsigned pins; /* calls that will come back to this bell */
	char channel[];
};

static void list(struct bell *b);

/* ---- telling listeners; whoever calls holds a pin ---- */

static void tell_reply(struct bell *b, const struct uuid *reply_id, bool ended)
{
	LIST_EACH (&b->listeners, it) {
		struct bell_listener *l = container_of(it, struct bell_listener, link);

		l->heard(l, reply_id, ended);
	}
}

static void tell_complete(struct bell *b)
{
	LIST_EACH (&b->listeners, it) {
		struct bell_listener *l = container_of(it, struct bell_listener, link);

		l->complete(l, &b->listed);
	}
}

static void tell_gone(struct bell *b)
{
	LIST_EACH (&b->listeners, it) {
		struct bell_listener *l = container_of(it, struct bell_listener, link);

		l->gone(l);
	}
}

/* ---- the life of a bell ---- */

static void abandon(struct bell *b)
{
	pubsub_unwatch(b->bells->chat->app->pubsub, &b->watch);
	map_remove(&b->bells->by_room, &b->node);
	list_del(&b->link);
	b->bells = NULL;
}

static void maybe_free(struct bell *b)
{
	if (b->pins)
		return;
	if (b->bells && list_empty(&b->listeners))
		abandon(b);
	if (!b->bells)
		free(b);
}

static void on_ring(struct pubsub_watch *w, struct str message)
{
	struct bell *b = container_of(w, struct bell, watch);
	struct uuid reply_id;

	b->pins++;
	if (uuid_parse(message, &reply_id))
		tell_reply(b, &reply_id, false);
	else
		list(b);
	b->pins--;
	maybe_free(b);
}

/* ---- the record ---- */

struct listing {
	struct bell *bell;
	int64_t began_us;
	struct reply_list found;
};
static step_fn list_begin, list_read;

static outcome_t list_begin(struct task *t, enum err e)
{
	struct listing *l = arena_new(&t->arena, struct listing);
	struct bell *b = t->state;

	(void)e;
	l->bell = b;
	l->began_us = clock_wall_us();
	t->state = l;
	return replies_after(t, &b->room_id, &b->user_id, &b->listed, &l->found, list_read);
}

static void take_list(struct bell *b, const struct listing *l)
{
	struct uuid up_to = uuid_at(l->began_us - ROOM_LAG_US);
	const struct reply_list *found = &l->found;

	for (int i = 0; i < found->count; i++)
		tell_reply(b, &found->replies[i].id, !found->replies[i].owed);
	if (found->count == REPLIES_MAX) { /* there may be more */
		up_to = found->replies[found->count - 1].id;
		b->again = true;
	}
	if (uuid_order(&b->listed, &up_to) < 0)
		b->listed = up_to;
	tell_complete(b);
}

static outcome_t list_read(struct task *t, enum err e)
{
	struct listing *l = t->state;
	struct bell *b = l->bell;

	b->listing = false;
	if (b->bells && e == ERR_OK)
		take_list(b, l);
	else if (b->bells && e == ERR_NOT_FOUND)
		tell_gone(b);
	b->pins--;
	maybe_free(b);
	return task_end(t);
}

/* One list at a time: what is asked for meanwhile follows at the next tick. */
static void list(struct bell *b)
{
	b->again = b->listing;
	if (b->listing)
		return;
	b->listing = true;
	b->listed_ms = clock_mono_ms();
	b->pins++;
	task_start(b->bells->chat->app, list_begin, b);
}

static void on_tick(struct timer *timer)
{
	struct bells *all = container_of(timer, struct bells, tick);
	uint64_t now_ms = clock_mono_ms();

	LIST_EACH (&all->all, it) {
		struct bell *b = container_of(it, struct bell, link);

		if (b->again || now_ms - b->listed_ms >= LIST_EVERY_MS)
			list(b);
	}
}

/* ---- listeners ---- */

static size_t put_channel(
	struct bells *all, const struct uuid *room_id, char *out, size_t size)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(room_id, id);
	return (size_t)snprintf(
		out, size, "castor:%s:room:{%s}", all->chat->app->set.env, id);
}

static struct bell *bell_new(
	struct bells *all, const struct uuid *room_id, const struct uuid *user_id)
{
	size_t len = put_channel(all, room_id, NULL, 0);
	struct bell *b = calloc(1, sizeof *b + len + 1);

	if (!b)
		abort();
	b->bells = all;
	b->room_id = *room_id;
	b->user_id = *user_id;
	b->listed = uuid_at(clock_wall_us() - ROOM_LAG_US);
	list_init(&b->listeners);
	b->node.key = uuid_bytes(&b->room_id);
	map_insert(&all->by_room, &b->node);
	list_push(&all->all, &b->link);
	put_channel(all, room_id, b->channel, len + 1);
	b->watch.node.key = str_of(b->channel);
	b->watch.rung = on_ring;
	pubsub_watch(all->chat->app->pubsub, &b->watch);
	return b;
}

/* What came between the listener's own look at the record and now is in the list. */
void bell_join(struct bells *all, const struct uuid *room_id, const struct uuid *user_id,
	struct bell_listener *l)
{
	struct map_node *node = map_find(&all->by_room, uuid_bytes(room_id));

	l->bell = node ? container_of(node, struct bell, node)
		       : bell_new(all, room_id, user_id);
	list_push(&l->bell->listeners, &l->link);
	list(l->bell);
}

void bell_leave(struct bell_listener *l)
{
	struct bell *b = l->bell;

	list_del(&l->link);
	l->bell = NULL;
	maybe_free(b);
}

void bell_ring(struct chat *c, const struct uuid *room_id, const struct uuid *reply_id)
{
	size_t len = put_channel(c->bells, room_id, NULL, 0);
	char id[UUID_TEXT_SIZE];
	struct buf channel = { 0 };

	uuid_format(reply_id, id);
	put_channel(c->bells, room_id, buf_reserve(&channel, len + 1), len + 1);
	redis_send(c->app->redis,
		&REDIS_CMD(STR("PUBLISH"), str_span(channel.ptr, len), str_of(id)), NULL,
		NULL);
	buf_fini(&channel);
}

struct bells *bells_open(struct chat *c)
{
	struct bells *all = calloc(1, sizeof *all);

	if (!all)
		abort();
	all->chat = c;
	map_init(&all->by_room);
	list_init(&all->all);
	timer_open(&c->app->loop, &all->tick, on_tick);
	timer_start(&all->tick, TICK_MS, TICK_MS);
	return all;
}

static void on_closed(struct timer *timer)
{
	struct bells *all = container_of(timer, struct bells, tick);

	map_fini(&all->by_room);
	free(all);
}

void bells_close(struct bells **b)
{
	struct bells *all = *b;

	*b = NULL;
	timer_close(&all->tick, on_closed);
}
