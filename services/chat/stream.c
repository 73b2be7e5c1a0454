#include "base/clock.h"
#include "http/reply.h"
#include "http/server.h"
#include "secure/token.h"
#include "streams.h"

#define KEEPALIVE_MS 15000

static const struct str EVENT_STREAM = STR("text/event-stream; charset=utf-8");

/* ---- where the client stopped ---- */

bool stream_place_text(struct task *t, struct str *text)
{
	*text = http_header(http_req(t), STR("Last-Event-ID"));
	if (!text->ptr && !http_query(http_req(t), &t->arena, STR("last_event_id"), text))
		return false;
	if (text->len == 0)
		*text = STR_NONE;
	return true;
}

bool stream_place_read(struct task *t, struct stream_place *place)
{
	struct str text;

	*place = (struct stream_place)STREAM_START;
	return stream_place_text(t, &text) && (!text.ptr || place_parse(text, place));
}

/* ---- telling ---- */

static struct streams *all_of(const struct stream *s)
{
	return chat_of(s->task)->streams;
}

static bool has_room(const struct stream *s)
{
	return reply_stream_waiting(s->task) < STREAM_ROOM;
}

static void send_scratch(struct stream *s)
{
	struct buf *out = &all_of(s)->scratch;

	if (out->len)
		reply_stream_write(s->task, buf_str(out));
	buf_clear(out);
	s->wrote_ms = clock_mono_ms();
}

/* Writing may find that the client has left: the stream is over then. */
static void pump(struct stream *s, struct telling *g)
{
	struct buf *out = &all_of(s)->scratch;

	while (!s->over) {
		if (!has_room(s)) {
			s->behind = true;
			return;
		}
		if (!telling_put(g, out, s->put_id))
			break;
		send_scratch(s);
	}
	if (g->place.ended && !s->over)
		s->told(s, g);
}

static void on_changed(struct telling *g)
{
	pump(g->stream, g);
}

/* A telling that ends may bring others in, at the end of the list or for the next tick. */
void stream_pump(struct stream *s)
{
	s->behind = false;
	LIST_EACH (&s->tellings, it)
		pump(s, container_of(it, struct telling, link));
}

static void add(struct stream *s, struct telling *g)
{
	g->stream = s;
	list_push(&s->tellings, &g->link);
	s->behind = true;
}

void stream_tell(struct stream *s, const struct reply_ref *ref,
	const struct stream_place *from, bool ended)
{
	add(s, telling_new(s->task, ref, from, ended, on_changed));
}

/* ---- the life of a stream ---- */

void stream_over(struct stream *s, enum err e)
{
	if (s->over)
		return;
	s->over = true;
	list_del(&s->link);
	task_wake_soon(s->task, e);
}

static outcome_t closing(struct task *t, enum err e)
{
	struct stream *s = t->state;

	while (!list_empty(&s->tellings)) {
		struct telling *g = container_of(s->tellings.next, struct telling, link);

		telling_free(&g);
	}
	if (s->closed)
		s->closed(s);
	streams_leave(all_of(s), &s->user);
	return e == ERR_OK ? reply_stream_end(t) : reply_stream_abort(t);
}

static void on_gone(struct task *t, void *ctx)
{
	(void)t;
	stream_over(ctx, ERR_CANCELED);
}

/* Clients come back at different moments. */
static void put_retry(struct stream *s, unsigned least_ms, unsigned most_ms)
{
	buf_addf(&all_of(s)->scratch, "retry: %u\n\n",
		least_ms + (unsigned)random_below(most_ms - least_ms + 1));
}

void stream_open(struct stream *s, struct task *t, struct str first)
{
	struct streams *all = chat_of(t)->streams;

	s->task = t;
	t->state = s;
	list_init(&s->tellings);
	list_push(&all->all, &s->link);
	s->user = streams_enter(all, &t->caller->user_id);
	t->deadline_ms = 0; /* it lasts as long as there is something to tell */
	reply_header(t, STR("X-Accel-Buffering"), STR("no"));
	reply_stream_begin(t, 200, EVENT_STREAM);
	task_on_cancel(t, on_gone, s);
	put_retry(s, 500, 1500);
	buf_add_str(&all->scratch, first);
	send_scratch(s);
	if (t->canceled)
		stream_over(s, ERR_CANCELED);
	else if (all->handing_over)
		stream_hand_over(s);
	else if (http_req(t)->method == HTTP_M_HEAD ||
		 verifier_session_ended(t->app->verifier, &t->caller->session_id))
		stream_over(s, ERR_OK); /* it may have ended since the token was checked */
}

outcome_t stream_wait(struct stream *s)
{
	return task_wait(s->task, closing);
}

/* At an event's end. The next copy is found at once, or so soon that nobody notices. */
void stream_hand_over(struct stream *s)
{
	if (s->over)
		return;
	put_retry(s, 100, 2000);
	send_scratch(s);
	stream_over(s, ERR_OK);
}

void stream_check(struct stream *s, uint64_t now_ms)
{
	if (s->behind)
		stream_pump(s);
	if (s->over || now_ms - s->wrote_ms < KEEPALIVE_MS || !has_room(s))
		return;
	buf_add_str(&all_of(s)->scratch, STR(": keepalive\n\n"));
	send_scratch(s);
}

/* ---- of one reply ---- */

static void put_id(struct telling *g, struct buf *out)
{
	place_put(out, &g->place);
}

static void told(struct stream *s, struct telling *g)
{
	(void)g;
	stream_over(s, ERR_OK);
}

static struct stream *open_one(struct task *t, struct str first)
{
	struct stream *s = arena_new(&t->arena, struct stream);

	s->put_id = put_id;
	s->told = told;
	stream_open(s, t, first);
	return s;
}

outcome_t stream_reply(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, struct str first)
{
	struct stream *s = open_one(t, first);

	if (!s->over)
		stream_tell(s, ref, place, false);
	stream_pump(s); /* others may read it already */
	return stream_wait(s);
}

outcome_t stream_ended(struct task *t, const struct reply_ref *ref,
	const struct stream_place *place, const struct message *m)
{
	struct stream *s;

	if (place->ended && place->told == m->content.len &&
		place_begins(place, m->content))
		return reply_empty(t, 204);
	s = open_one(t, STR_NONE);
	if (!s->over)
		add(s, telling_of_record(ref, place, m));
	stream_pump(s);
	return stream_wait(s);
}
