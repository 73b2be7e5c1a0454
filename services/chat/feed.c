#include "feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "data/redis.h"

#define PAGE          500
#define TEXT_MAX      (8u << 20)
#define TICK_MS       1000
#define LOOK_EVERY_MS 2000 /* a doorbell may be lost */
/* After so long without news the record is asked; then after twice as long, ... */
#define QUIET_MS     5000
#define QUIET_MAX_MS 20000

struct feeds {
	struct chat *chat;
	struct map by_reply;
	struct list all;
	struct timer tick;
};

struct feed {
	struct map_node node; /* key: reply_id */
	struct list link;
	struct feeds *feeds; /* NULL: abandoned */
	struct feed_of of;
	struct list readers;
	struct pubsub_watch watch; /* its key: of the log and of its doorbell */
	char after[48];            /* entry id up to which the log was read */
	bool reading, again;
	bool asking, ask_again; /* the record */
	bool logged_end;
	bool lacking;       /* some of the text was lost, or is more than is kept */
	uint64_t looked_ms; /* when the log was last read */
	uint64_t asked_ms;  /* when the record was, or news came */
	uint64_t quiet_ms;  /* how long to be content without either */
	struct buf text;
	struct feed_view view;
	struct arena arena; /* the end */
	unsigned pins;      /* calls that will come back to this feed */
	char key[];
};

static void look(struct feed *f);
static void ask_record(struct feed *f);

const struct feed_view *feed_view(const struct feed *f)
{
	return &f->view;
}

/* Whoever calls holds a pin: readers may leave. */
static void tell(struct feed *f)
{
	f->view.text = f->view.end ? f->view.end->content : buf_str(&f->text);
	f->asked_ms = clock_mono_ms();
	f->quiet_ms = QUIET_MS;
	LIST_EACH (&f->readers, it) {
		struct feed_reader *r = container_of(it, struct feed_reader, link);

		r->changed(r);
	}
}

/* The last reader has left: nobody finds it any more; what was asked may still come back.
 */
static void abandon(struct feed *f)
{
	if (!f->view.end)
		pubsub_unwatch(f->feeds->chat->app->pubsub, &f->watch);
	map_remove(&f->feeds->by_reply, &f->node);
	list_del(&f->link);
	f->feeds = NULL;
}

static void maybe_free(struct feed *f)
{
	if (f->feeds && list_empty(&f->readers))
		abandon(f);
	if (f->feeds || f->pins)
		return;
	buf_fini(&f->text);
	arena_fini(&f->arena);
	free(f);
}

/* ---- the log ---- */

static struct str field(const struct redis_value *fields, struct str name)
{
	for (size_t i = 0; i + 1 < fields->count; i += 2) {
		if (str_eq(redis_at(fields, i).s, name))
			return redis_at(fields, i + 1).s;
	}
	return STR_NONE;
}

/* An attempt that was given up may still write: what is not of the newest counts for
 * nothing. */
static void take_entry(struct feed *f, const struct redis_value *fields)
{
	struct str type = field(fields, STR("t")), data = field(fields, STR("d"));
	int64_t attempt = 0;
	uint64_t offset = 0;

	if (!str_i64(field(fields, STR("f")), &attempt) || attempt < f->view.attempt)
		return;
	if (attempt > f->view.attempt) {
		f->view.attempt = attempt;
		f->view.version++;
		f->logged_end = f->lacking = false;
		buf_clear(&f->text);
	}
	if (str_eq(type, STR("done"))) {
		f->logged_end = true;
	} else if (str_eq(type, STR("delta"))) {
		/* Something before it was lost with the log: the record will have it. */
		f->lacking |= !str_u64(field(fields, STR("o")), &offset) ||
			      offset != f->text.len || offset + data.len > TEXT_MAX;
		if (!f->lacking)
			buf_add_str(&f->text, data);
	}
}

static void take_log(struct feed *f, const struct redis_value *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		struct redis_value entry = redis_at(entries, i),
				   fields = redis_at(&entry, 1);
		struct str id = redis_at(&entry, 0).s;

		if (id.len >= sizeof f->after)
			continue;
		memcpy(f->after, id.ptr, id.len);
		f->after[id.len] = '\0';
		take_entry(f, &fields);
	}
	if (entries->count) {
		f->again |= entries->count >= PAGE;
		tell(f);
	}
}

static void on_log(void *ctx, enum err e, const struct redis_value *v)
{
	struct feed *f = ctx;

	f->reading = false;
	if (f->feeds && e == ERR_OK && v->kind == REDIS_ARRAY && !f->view.end)
		take_log(f, v);
	f->pins--;
	if (f->feeds && f->logged_end && !f->view.end)
		ask_record(f);
	else if (f->feeds && f->again)
		look(f);
	maybe_free(f);
}

/* Reads on where it stopped; one reading at a time. */
static void look(struct feed *f)
{
	struct redis *redis = f->feeds->chat->app->redis;
	struct buf from = { 0 };
	char page[STR_U64_SIZE];

	f->again = f->reading;
	if (f->reading || f->view.end || !redis_is_up(redis))
		return;
	f->reading = true;
	f->looked_ms = clock_mono_ms();
	f->pins++;
	buf_addf(&from, "%s%s", f->after[0] ? "(" : "-", f->after);
	redis_send(redis,
		&REDIS_CMD(STR("XRANGE"), f->watch.node.key, buf_str(&from), STR("+"),
			STR("COUNT"), str_of_u64(PAGE, page)),
		on_log, f);
	buf_fini(&from);
}

static void on_ring(struct pubsub_watch *w, struct str message)
{
	struct feed *f = container_of(w, struct feed, watch);

	if (str_eq(message, STR("ended")))
		ask_record(f);
	else
		look(f);
}

/* ---- the record ---- */

struct asking {
	struct feed *feed;
	struct message m;
};
static step_fn ask_begin, record_read;

/* The record is right, whatever was shown so far. Its text takes the place of the log's. */
static void take_end(struct feed *f, const struct message *m)
{
	struct message *end = arena_new(&f->arena, struct message);
	struct str content = m->content, shown = buf_str(&f->text);

	if (f->view.version == 0 || content.len < shown.len ||
		!str_eq(str_span(content.ptr, shown.len), shown))
		f->view.version++;
	*end = message_copy(&f->arena, m);
	f->view.end = end;
	buf_fini(&f->text);
	pubsub_unwatch(f->feeds->chat->app->pubsub, &f->watch);
	tell(f);
}

static outcome_t ask_begin(struct task *t, enum err e)
{
	struct asking *a = arena_new(&t->arena, struct asking);

	(void)e;
	a->feed = t->state;
	t->state = a;
	return rooms_read_reply(t, &a->feed->of.room_id, &a->feed->of.user_id,
		&a->feed->of.reply_id, &a->m, record_read);
}

static outcome_t record_read(struct task *t, enum err e)
{
	struct asking *a = t->state;
	struct feed *f = a->feed;

	f->asking = false;
	f->asked_ms = clock_mono_ms();
	if (f->feeds && e == ERR_OK && !message_is_owed(&a->m) && !f->view.end)
		take_end(f, &a->m);
	f->pins--;
	if (f->feeds && f->ask_again && !f->view.end)
		ask_record(f);
	maybe_free(f);
	return task_end(t);
}

/* An end that was logged while the record was being asked may not be in that answer. */
static void ask_record(struct feed *f)
{
	f->ask_again = f->asking;
	if (f->asking)
		return;
	f->asking = true;
	f->asked_ms = clock_mono_ms();
	f->pins++;
	task_start(f->feeds->chat->app, ask_begin, f);
}

static void on_tick(struct timer *timer)
{
	struct feeds *all = container_of(timer, struct feeds, tick);
	uint64_t now_ms = clock_mono_ms();

	LIST_EACH (&all->all, it) {
		struct feed *f = container_of(it, struct feed, link);

		if (f->view.end)
			continue;
		if (now_ms - f->looked_ms >= LOOK_EVERY_MS * f->quiet_ms / QUIET_MS)
			look(f);
		if (f->asking || (now_ms - f->asked_ms < f->quiet_ms && !f->logged_end))
			continue;
		ask_record(f);
		f->quiet_ms = f->quiet_ms * 2 < QUIET_MAX_MS ? f->quiet_ms * 2
							     : QUIET_MAX_MS;
	}
}

/* ---- replies that wait ---- */

static bool waits(const struct feed *f)
{
	return f->view.version == 0 && !f->view.end && !f->of.ended;
}

bool feeds_any_waits(const struct feeds *all)
{
	LIST_EACH (&all->all, it) {
		if (waits(container_of(it, struct feed, link)))
			return true;
	}
	return false;
}

int feeds_that_wait(struct feeds *all, struct uuid *ids, int max)
{
	int n = 0;

	LIST_EACH (&all->all, it) {
		if (n < max && waits(container_of(it, struct feed, link)))
			ids[n++] = container_of(it, struct feed, link)->of.reply_id;
	}
	for (int i = 0; i < n; i++) { /* the others come first the next time */
		struct feed *f = container_of(
			map_find(&all->by_reply, uuid_bytes(&ids[i])), struct feed, node);

		list_del(&f->link);
		list_push(&all->all, &f->link);
	}
	return n;
}

void feeds_place(
	struct feeds *all, const struct uuid *reply_id, const struct feed_place *place)
{
	struct map_node *node = map_find(&all->by_reply, uuid_bytes(reply_id));
	struct feed *f = node ? container_of(node, struct feed, node) : NULL;

	if (!f || !waits(f))
		return;
	if (f->view.queue_version && f->view.queue.place == place->place)
		return; /* a better guess of the moment is no news */
	f->view.queue = *place;
	f->view.queue_version++;
	f->pins++;
	tell(f);
	f->pins--;
	maybe_free(f);
}

/* ---- readers ---- */

/* The key of a reply's log, which is the channel of its doorbell, too; returns its size. */
static size_t put_key(
	const struct chat *c, const struct uuid *reply_id, char *out, size_t size)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(reply_id, id);
	return 1 + (size_t)snprintf(out, size, "castor:%s:reply:{%s}", c->app->set.env, id);
}

void feed_ring_ended(struct chat *c, const struct uuid *reply_id)
{
	struct buf key = { 0 };
	size_t size = put_key(c, reply_id, NULL, 0);

	put_key(c, reply_id, buf_reserve(&key, size), size);
	redis_send(c->app->redis, &REDIS_CMD(STR("PUBLISH"), str_of(key.ptr), STR("ended")),
		NULL, NULL);
	buf_fini(&key);
}

static struct feed *feed_new(struct feeds *all, const struct feed_of *of)
{
	size_t key_size = put_key(all->chat, &of->reply_id, NULL, 0);
	struct feed *f = calloc(1, sizeof *f + key_size);

	if (!f)
		abort();
	f->feeds = all;
	f->of = *of;
	f->asked_ms = clock_mono_ms();
	f->quiet_ms = QUIET_MS;
	list_init(&f->readers);
	arena_init(&f->arena);
	f->node.key = uuid_bytes(&f->of.reply_id);
	map_insert(&all->by_reply, &f->node);
	list_push(&all->all, &f->link);
	put_key(all->chat, &of->reply_id, f->key, key_size);
	f->watch.node.key = str_of(f->key);
	f->watch.rung = on_ring;
	pubsub_watch(all->chat->app->pubsub, &f->watch);
	if (of->ended)
		ask_record(f);
	else
		look(f); /* without waiting for the watch to be in force */
	return f;
}

void feed_join(struct feeds *all, const struct feed_of *of, struct feed_reader *r)
{
	struct map_node *node = map_find(&all->by_reply, uuid_bytes(&of->reply_id));

	r->feed = node ? container_of(node, struct feed, node) : feed_new(all, of);
	list_push(&r->feed->readers, &r->link);
}

void feed_leave(struct feed_reader *r)
{
	struct feed *f = r->feed;

	list_del(&r->link);
	r->feed = NULL;
	maybe_free(f);
}

struct feeds *feeds_open(struct chat *c)
{
	struct feeds *all = calloc(1, sizeof *all);

	if (!all)
		abort();
	all->chat = c;
	map_init(&all->by_reply);
	list_init(&all->all);
	timer_open(&c->app->loop, &all->tick, on_tick);
	timer_start(&all->tick, TICK_MS, TICK_MS);
	return all;
}

static void on_closed(struct timer *timer)
{
	struct feeds *all = container_of(timer, struct feeds, tick);

	map_fini(&all->by_reply);
	free(all);
}

void feeds_close(struct feeds **feeds)
{
	struct feeds *all = *feeds;

	*feeds = NULL;
	timer_close(&all->tick, on_closed);
}
