#include "stream.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "http/reply.h"
#include "http/server.h"
#include "views.h"

#define TICK_MS      100
#define KEEPALIVE_MS 15000
#define UNTAKEN_MAX  (256u << 10)

static const struct str EVENT_STREAM = STR("text/event-stream; charset=utf-8");

struct streams {
	struct chat *chat;
	struct list all; /* struct stream.link */
	struct timer tick;
	bool handing_over;
};

struct stream {
	struct list link;
	struct feed_reader reader;
	struct task *task;
	struct reply_ref ref;
	struct stream_place place;
	int64_t attempt; /* whose text was told; 0: none yet */
	bool resuming;   /* place is the client's word, not yet compared with the text */
	bool ended;      /* told, or cut: the wake is on its way */
	uint64_t wrote_ms;
	uint64_t until_ms;    /* stream_await */
	struct message *into; /* stream_await; NULL: events are told */
	struct buf out;
};

/* ---- places ---- */

/* FNV-1a: can be carried on; a client that lies only hurts itself. */
static const struct stream_place START = STREAM_START;

static uint64_t hash_on(uint64_t hash, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3u;
	return hash;
}

static bool place_parse(struct str text, struct stream_place *place)
{
	struct str rest = text, told;
	uint64_t n, be = 0;
	unsigned char hash[8];

	if (!str_cut(&rest, '-', &told) || !str_u64(told, &n) || n > SIZE_MAX / 2 ||
		!hex_parse(rest, hash, sizeof hash))
		return false;
	for (size_t i = 0; i < sizeof hash; i++)
		be = be << 8 | hash[i];
	*place = (struct stream_place){ (size_t)n, be, true };
	return true;
}

bool stream_place_read(struct task *t, struct stream_place *place)
{
	struct str id = http_header(http_req(t), STR("Last-Event-ID"));

	*place = START;
	if (!id.ptr && !http_query(http_req(t), &t->arena, STR("last_event_id"), &id))
		return false;
	return id.len == 0 || place_parse(id, place);
}

/* ---- events ---- */

static void put_event(struct stream *s, const char *name, struct str json)
{
	buf_addf(&s->out, "event: %s\nid: %zu-%016llx\ndata: ", name, s->place.told,
		(unsigned long long)s->place.hash);
	buf_add_str(&s->out, json);
	buf_add_str(&s->out, STR("\n\n"));
}

static void put_started(struct stream *s, int64_t attempt)
{
	struct buf json = { 0 };
	struct json_writer w = json_writer(&json);

	s->place = START;
	json_object(&w, NULL);
	json_put_uuid(&w, "id", &s->ref.reply_id);
	json_put_uuid(&w, "chatroom_id", &s->ref.room_id);
	json_put_i64(&w, "attempt", attempt);
	json_end(&w);
	put_event(s, "reply.started", buf_str(&json));
	buf_fini(&json);
}

static void put_delta(struct stream *s, struct str text)
{
	struct buf json = { 0 };
	struct json_writer w = json_writer(&json);

	json_object(&w, NULL);
	json_put_uuid(&w, "id", &s->ref.reply_id);
	json_put_str(&w, "text", text);
	json_end(&w);
	s->place.told += text.len;
	s->place.hash = hash_on(s->place.hash, text);
	put_event(s, "reply.delta", buf_str(&json));
	buf_fini(&json);
}

static const char *event_of_state(struct str state)
{
	if (str_eq(state, STR("blocked")))
		return "reply.blocked";
	if (str_eq(state, STR("failed")))
		return "reply.failed";
	return str_eq(state, STR("stopped")) ? "reply.stopped" : "reply.done";
}

static void put_end(struct stream *s, const struct message *m)
{
	struct buf json = { 0 };
	struct json_writer w = json_writer(&json);

	json_object(&w, NULL);
	json_put_uuid(&w, "id", &s->ref.reply_id);
	json_put_uuid(&w, "chatroom_id", &s->ref.room_id);
	json_put_str(&w, "state", m->state);
	if (m->model.ptr)
		json_put_str(&w, "model", m->model);
	if (m->finish_reason.ptr)
		json_put_str(&w, "finish_reason", m->finish_reason);
	if (m->error.ptr)
		json_put_str(&w, "error", m->error);
	json_put_i64(&w, "bytes", (int64_t)m->content.len);
	json_end(&w);
	put_event(s, event_of_state(m->state), buf_str(&json));
	buf_fini(&json);
}

static void send_out(struct stream *s)
{
	if (s->out.len)
		reply_stream_write(s->task, buf_str(&s->out));
	buf_clear(&s->out);
	s->wrote_ms = clock_mono_ms();
}

/* ---- telling ---- */

static bool begins_as_told(const struct stream *s, struct str text)
{
	return text.len >= s->place.told &&
	       hash_on(START.hash, str_span(text.ptr, s->place.told)) == s->place.hash;
}

/* True once it is clear from where to go on. What was told must be how the text begins:
 * when a client comes back, when another attempt writes, and when the record has the last
 * word. */
static bool settle_place(struct stream *s, const struct feed_view *v)
{
	bool anew;

	if (s->resuming && !v->end && v->text.len < s->place.told)
		return false; /* the log is not read that far yet */
	if (s->resuming)
		anew = !begins_as_told(s, v->text);
	else if (v->end)
		anew = s->attempt == 0 || !begins_as_told(s, v->text);
	else
		anew = s->attempt != v->attempt;
	if (anew)
		put_started(s, v->attempt);
	s->attempt = v->attempt;
	s->resuming = false;
	return true;
}

static void tell_text(struct stream *s, struct str text, bool whole)
{
	struct str rest = str_from(text, s->place.told);

	if (!whole)
		rest.len = utf8_whole(rest);
	if (rest.len)
		put_delta(s, rest);
}

static void over(struct stream *s, enum err e)
{
	s->ended = true;
	list_del(&s->link);
	if (s->reader.feed)
		feed_leave(&s->reader);
	task_wake_soon(s->task, e);
}

static void on_changed(struct feed_reader *r)
{
	struct stream *s = container_of(r, struct stream, reader);
	const struct feed_view *v = feed_view(r->feed);

	if (s->ended || (v->attempt == 0 && !v->end) || !settle_place(s, v))
		return;
	tell_text(s, v->text, v->end != NULL);
	if (v->end)
		put_end(s, v->end);
	send_out(s);
	if (v->end)
		over(s, ERR_OK);
	else if (reply_stream_waiting(s->task) > UNTAKEN_MAX)
		over(s, ERR_BUSY);
}

/* ---- the life of a stream ---- */

static outcome_t stream_over(struct task *t, enum err e)
{
	struct stream *s = t->state;

	buf_fini(&s->out);
	return e == ERR_OK ? reply_stream_end(t) : reply_stream_abort(t);
}

static void on_gone(struct task *t, void *ctx)
{
	struct stream *s = ctx;

	(void)t;
	if (!s->ended)
		over(s, ERR_CANCELED);
}

static struct stream *stream_new(struct task *t, const struct reply_ref *ref)
{
	struct stream *s = task_new(t, struct stream);

	s->task = t;
	s->ref = *ref;
	list_init(&s->link);
	s->wrote_ms = clock_mono_ms();
	t->deadline_ms = 0; /* it lasts as long as the reply does */
	return s;
}

/* From here on `changed` is called, or the client leaves. */
static void stream_join(struct stream *s, void (*changed)(struct feed_reader *r))
{
	struct task *t = s->task;
	struct chat *c = chat_of(t);

	s->reader.changed = changed;
	list_push(&c->streams->all, &s->link);
	feed_join(c->feeds, &s->ref.room_id, &t->caller->user_id, &s->ref.reply_id,
		&s->reader);
	task_on_cancel(t, on_gone, s);
}

static struct stream *stream_begin(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, struct str first)
{
	struct stream *s = stream_new(t, ref);

	s->place = *place;
	s->resuming = place->given;
	reply_header(t, STR("X-Accel-Buffering"), STR("no"));
	reply_stream_begin(t, 200, EVENT_STREAM);
	buf_add_str(&s->out, STR("retry: 1000\n\n"));
	buf_add_str(&s->out, first);
	return s;
}

outcome_t stream_reply(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, struct str first)
{
	struct stream *s = stream_begin(t, ref, place, first);

	send_out(s);
	if (chat_of(t)->streams->handing_over) {
		buf_fini(&s->out);
		return reply_stream_end(t);
	}
	stream_join(s, on_changed);
	on_changed(&s->reader); /* others may read it already */
	return task_wait(t, stream_over);
}

outcome_t stream_ended(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, const struct message *m)
{
	struct stream *s = stream_begin(t, ref, place, STR_NONE);

	if (!s->resuming || !begins_as_told(s, m->content))
		put_started(s, 0);
	tell_text(s, m->content, true);
	put_end(s, m);
	send_out(s);
	buf_fini(&s->out);
	return reply_stream_end(t);
}

/* ---- waiting for the whole ---- */

static void on_awaited(struct feed_reader *r)
{
	struct stream *s = container_of(r, struct stream, reader);
	const struct message *end = feed_view(r->feed)->end;

	if (s->ended || !end)
		return;
	*s->into = message_copy(&s->task->arena, end);
	over(s, ERR_OK);
}

outcome_t stream_await(struct task *t, const struct reply_ref *ref, uint64_t wait_ms,
	struct message *end, step_fn *next)
{
	void *state = t->state; /* the caller's own, which `next` wants to find */
	struct stream *s = stream_new(t, ref);

	t->state = state;
	s->into = end;
	s->until_ms = clock_mono_ms() + wait_ms;
	stream_join(s, on_awaited);
	return task_wait(t, next);
}

/* ---- by the clock ---- */

static void on_tick(struct timer *timer)
{
	struct streams *all = container_of(timer, struct streams, tick);
	uint64_t now_ms = clock_mono_ms();

	LIST_EACH (&all->all, it) {
		struct stream *s = container_of(it, struct stream, link);

		if (s->into && now_ms >= s->until_ms) {
			over(s, ERR_TIMEOUT);
		} else if (!s->into && now_ms - s->wrote_ms >= KEEPALIVE_MS) {
			buf_add_str(&s->out, STR(": keepalive\n\n"));
			send_out(s);
		}
	}
}

/* Clients come back at different moments, and find another copy. */
void streams_hand_over(struct streams *all)
{
	all->handing_over = true;
	LIST_EACH (&all->all, it) {
		struct stream *s = container_of(it, struct stream, link);

		if (s->into) {
			over(s, ERR_TIMEOUT);
			continue;
		}
		buf_addf(&s->out, "retry: %u\n\n", 100 + (unsigned)random_below(1900));
		send_out(s);
		over(s, ERR_OK);
	}
}

struct streams *streams_open(struct chat *c)
{
	struct streams *all = calloc(1, sizeof *all);

	if (!all)
		abort();
	all->chat = c;
	list_init(&all->all);
	timer_open(&c->app->loop, &all->tick, on_tick);
	timer_start(&all->tick, TICK_MS, TICK_MS);
	return all;
}

static void on_closed(struct timer *timer)
{
	free(container_of(timer, struct streams, tick));
}

void streams_close(struct streams **s)
{
	struct streams *all = *s;

	*s = NULL;
	timer_close(&all->tick, on_closed);
}
