#include "room_stream.h"

#include <stdlib.h>

#include "base/clock.h"
#include "room_bell.h"

/* So many replies of a room neither told nor at an end: the client is to come again. */
#define WAITING_MAX 4096
/* So many that were told are named; where there are more, most are summed up. */
#define NAMED_MAX 8

struct waiting {
	struct uuid id;
	bool ended;
};

struct room_stream {
	struct stream stream;
	struct bell_listener listener;
	struct uuid room_id;
	struct uuid floor;
	struct uuid complete; /* no reply up to here is unheard of */
	bool partial;         /* the list that it began with was cut off: it ends with it */
	unsigned count;       /* tellings */
	/* Replies above the floor, by id: whose turn comes, and those that were told. */
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	struct uuid *told;
	size_t told_count, told_room;
};

static struct room_stream *of_stream(struct stream *s)
{
	return container_of(s, struct room_stream, stream);
}

static const struct stream_place START = STREAM_START;

/* ---- sets ---- */

/* Room for one more. */
static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room ? *room * 2 : 4;
	items = reallocarray(items, *room, size);
	if (!items)
		abort();
	return items;
}

static void add_told(struct room_stream *r, const struct uuid *id)
{
	size_t at = r->told_count;

	r->told = grow(r->told, at, &r->told_room, sizeof *r->told);
	while (at && uuid_order(id, &r->told[at - 1]) < 0)
		at--;
	memmove(r->told + at + 1, r->told + at, (r->told_count - at) * sizeof *r->told);
	r->told[at] = *id;
	r->told_count++;
}

static void add_waiting(struct room_stream *r, const struct uuid *id, bool ended)
{
	size_t at = r->waiting_count;

	r->waiting = grow(r->waiting, at, &r->waiting_room, sizeof *r->waiting);
	while (at && uuid_order(id, &r->waiting[at - 1].id) < 0)
		at--;
	memmove(r->waiting + at + 1, r->waiting + at,
		(r->waiting_count - at) * sizeof *r->waiting);
	r->waiting[at] = (struct waiting){ *id, ended };
	r->waiting_count++;
}

static struct waiting take_waiting(struct room_stream *r)
{
	struct waiting first = r->waiting[0];

	memmove(r->waiting, r->waiting + 1, --r->waiting_count * sizeof *r->waiting);
	return first;
}

static bool is_known(const struct room_stream *r, const struct uuid *id)
{
	for (struct list *it = r->stream.tellings.next; it != &r->stream.tellings;
		it = it->next) {
		if (uuid_eq(&container_of(it, struct telling, link)->ref.reply_id, id))
			return true;
	}
	for (size_t i = 0; i < r->told_count; i++) {
		if (uuid_eq(&r->told[i], id))
			return true;
	}
	for (size_t i = 0; i < r->waiting_count; i++) {
		if (uuid_eq(&r->waiting[i].id, id))
			return true;
	}
	return false;
}

/* ---- the floor ---- */

static void lower(struct uuid *id, const struct uuid *least)
{
	struct uuid before = uuid_before(least);

	if (uuid_order(&before, id) < 0)
		*id = before;
}

static void forget_told(struct room_stream *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->told_count; i++) {
		if (uuid_order(&r->told[i], &r->floor) > 0)
			r->told[kept++] = r->told[i];
	}
	r->told_count = kept;
}

/* As high as it may be: below what is yet to be told, and to be heard of. */
static void settle_floor(struct room_stream *r)
{
	struct uuid most = r->complete;

	LIST_EACH (&r->stream.tellings, it)
		lower(&most, &container_of(it, struct telling, link)->ref.reply_id);
	if (r->waiting_count)
		lower(&most, &r->waiting[0].id);
	if (uuid_order(&most, &r->floor) > 0) {
		r->floor = most;
		forget_told(r);
	}
}

/* Of those told, the oldest are summed up: those that nothing lies between which was heard
 * of and not begun. How many. */
static size_t put_sum(struct room_stream *r, struct buf *out)
{
	struct id_sum sum = { 0 };
	struct uuid least = r->told_count ? r->told[r->told_count - 1] : r->floor;
	size_t n = 0;

	if (r->told_count <= NAMED_MAX)
		return 0;
	LIST_EACH (&r->stream.tellings, it) {
		struct telling *one = container_of(it, struct telling, link);

		if (!telling_is_begun(one))
			lower(&least, &one->ref.reply_id);
	}
	if (r->waiting_count)
		lower(&least, &r->waiting[0].id);
	while (n < r->told_count && uuid_order(&r->told[n], &least) <= 0)
		id_sum_add(&sum, &r->told[n++]);
	if (n)
		room_place_put_sum(out, &r->told[n - 1], &sum);
	return n;
}

/* What finds no room would be told once more. */
static void put_id(struct telling *g, struct buf *out)
{
	struct room_stream *r = of_stream(g->stream);
	struct stream_place told = { .ended = true };
	unsigned left = ROOM_PLACE_MAX;
	size_t summed;

	room_place_put_floor(out, &r->floor);
	summed = put_sum(r, out);
	LIST_EACH (&r->stream.tellings, it) {
		struct telling *one = container_of(it, struct telling, link);

		if (left && telling_is_begun(one)) {
			room_place_put_reply(out, &one->ref.reply_id, &one->place);
			left--;
		}
	}
	for (size_t i = r->told_count; i-- > summed && left; left--)
		room_place_put_reply(out, &r->told[i], &told);
}

/* ---- taking turns ---- */

static void tell(struct room_stream *r, const struct uuid *id,
	const struct stream_place *from, bool ended)
{
	struct reply_ref ref = { r->room_id, *id };

	r->count++;
	stream_tell(&r->stream, &ref, from, ended);
}

static void take_turns(struct room_stream *r)
{
	while (!r->stream.over && r->waiting_count && r->count < ROOM_TELLINGS) {
		struct waiting next = take_waiting(r);

		tell(r, &next.id, &START, next.ended);
	}
	if (r->partial && r->count == 0)
		stream_hand_over(&r->stream);
}

static void on_told(struct stream *s, struct telling *g)
{
	struct room_stream *r = of_stream(s);

	add_told(r, &g->ref.reply_id);
	telling_free(&g);
	r->count--;
	settle_floor(r);
	take_turns(r);
}

/* ---- what the bell says ---- */

static void on_heard(struct bell_listener *l, const struct uuid *id, bool ended)
{
	struct room_stream *r = container_of(l, struct room_stream, listener);

	if (r->stream.over || r->partial || is_known(r, id))
		return;
	if (ended && uuid_order(id, &r->floor) <= 0)
		return; /* from before this stream */
	if (uuid_order(id, &r->floor) <= 0) {
		/* Somebody's clock is far behind. What lies between is told once more if
		 * the client comes back now: better than not at all. */
		r->floor = uuid_before(id);
		r->complete = r->floor;
	}
	if (r->waiting_count == WAITING_MAX) {
		stream_hand_over(&r->stream);
		return;
	}
	add_waiting(r, id, ended);
	take_turns(r);
}

static void on_complete(struct bell_listener *l, const struct uuid *up_to)
{
	struct room_stream *r = container_of(l, struct room_stream, listener);

	if (r->stream.over || r->partial)
		return;
	if (uuid_order(up_to, &r->complete) > 0)
		r->complete = *up_to;
	settle_floor(r);
}

static void on_gone(struct bell_listener *l)
{
	stream_over(&container_of(l, struct room_stream, listener)->stream, ERR_OK);
}

/* ---- the beginning and the end ---- */

/* Does the record have just the replies that the client's place sums up? */
static bool sum_holds(const struct room_place *from, const struct reply_list *found)
{
	struct id_sum sum = { 0 };

	for (int i = 0; i < found->count; i++) {
		const struct uuid *id = &found->replies[i].id;

		if (uuid_order(id, &from->summed_to) <= 0 && !room_place_find(from, id))
			id_sum_add(&sum, id);
	}
	return sum.count == from->summed.count && sum.sum == from->summed.sum;
}

/* What was told in part need not wait for its turn: its place must not be lost. */
static void begin_from(struct room_stream *r, const struct room_place *from,
	const struct reply_list *found)
{
	bool holds = sum_holds(from, found);

	for (int i = 0; i < found->count; i++) {
		const struct reply_state *one = &found->replies[i];
		const struct stream_place *at = room_place_find(from, &one->id);
		bool summed = !at && holds && uuid_order(&one->id, &from->summed_to) <= 0;

		if (summed || (at && at->ended))
			add_told(r, &one->id);
		else if (!at)
			add_waiting(r, &one->id, !one->owed);
		else
			tell(r, &one->id, at, !one->owed);
	}
}

/* All that has ended by now counts as told. */
static void begin_anew(struct room_stream *r, const struct reply_list *found)
{
	for (int i = 0; i < found->count; i++) {
		if (found->replies[i].owed)
			add_waiting(r, &found->replies[i].id, false);
		else
			add_told(r, &found->replies[i].id);
	}
}

static void closed(struct stream *s)
{
	struct room_stream *r = of_stream(s);

	if (r->listener.bell)
		bell_leave(&r->listener);
	free(r->waiting);
	free(r->told);
}

outcome_t room_stream(struct task *t, const struct uuid *room_id,
	const struct room_place *from, const struct reply_list *found)
{
	struct room_stream *r = arena_new(&t->arena, struct room_stream);

	r->room_id = *room_id;
	r->stream.put_id = put_id;
	r->stream.told = on_told;
	r->stream.closed = closed;
	r->listener.heard = on_heard;
	r->listener.complete = on_complete;
	r->listener.gone = on_gone;
	r->complete = uuid_at(clock_wall_us() - ROOM_LAG_US);
	if (from) {
		r->floor = from->floor;
		r->partial = found->count == REPLIES_MAX;
	}
	if (r->partial)
		lower(&r->complete, &found->replies[found->count - 1].id);
	stream_open(&r->stream, t, STR_NONE);
	if (!r->stream.over) {
		if (from)
			begin_from(r, from, found);
		else
			begin_anew(r, found);
		settle_floor(r);
		bell_join(chat_of(t)->bells, room_id, &t->caller->user_id, &r->listener);
		take_turns(r);
		stream_pump(&r->stream);
	}
	return stream_wait(&r->stream);
}
