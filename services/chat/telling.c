#include "telling.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "views.h"
#include "json/write.h"

#define PIECE_MAX (16u << 10)

static const struct stream_place START = STREAM_START;

/* ---- events ---- */

/* "data: {" with what all events begin with. */
static struct json_writer begin_event(
	struct telling *g, struct buf *out, const char *name, put_id_fn *put_id)
{
	struct json_writer w;

	buf_addf(out, "event: %s\nid: ", name);
	put_id(g, out);
	buf_add_str(out, STR("\ndata: "));
	w = json_writer(out);
	json_object(&w, NULL);
	json_put_uuid(&w, "id", &g->ref.reply_id);
	return w;
}

static void end_event(struct json_writer *w)
{
	json_end(w);
	buf_add_str(w->out, STR("\n\n"));
}

static void put_started(struct telling *g, struct buf *out, put_id_fn *put_id)
{
	struct json_writer w;

	g->place = START;
	w = begin_event(g, out, "reply.started", put_id);
	json_put_uuid(&w, "chatroom_id", &g->ref.room_id);
	json_put_i64(&w, "attempt", g->view->attempt);
	end_event(&w);
}

static void put_queued(struct telling *g, struct buf *out, put_id_fn *put_id)
{
	struct json_writer w = begin_event(g, out, "reply.queued", put_id);
	const struct feed_place *q = &g->view->queue;

	json_put_uuid(&w, "chatroom_id", &g->ref.room_id);
	view_place_members(&w, q->place, q->start_at_us);
	end_event(&w);
}

static void put_delta(
	struct telling *g, struct str text, struct buf *out, put_id_fn *put_id)
{
	struct json_writer w;

	place_move(&g->place, text);
	w = begin_event(g, out, "reply.delta", put_id);
	json_put_str(&w, "text", text);
	end_event(&w);
}

static const char *event_of_state(struct str state)
{
	if (str_eq(state, STR("blocked")))
		return "reply.blocked";
	if (str_eq(state, STR("failed")))
		return "reply.failed";
	return str_eq(state, STR("stopped")) ? "reply.stopped" : "reply.done";
}

static void put_end(
	struct telling *g, const struct message *m, struct buf *out, put_id_fn *put_id)
{
	struct json_writer w;

	g->place.ended = true;
	w = begin_event(g, out, event_of_state(m->state), put_id);
	json_put_uuid(&w, "chatroom_id", &g->ref.room_id);
	json_put_str(&w, "state", m->state);
	if (m->model.ptr)
		json_put_str(&w, "model", m->model);
	if (m->finish_reason.ptr)
		json_put_str(&w, "finish_reason", m->finish_reason);
	if (m->error.ptr)
		json_put_str(&w, "error", m->error);
	json_put_i64(&w, "bytes", (int64_t)m->content.len);
	end_event(&w);
}

/* ---- what comes next ---- */

/* The next piece, in whole characters. */
static struct str next_piece(const struct telling *g)
{
	struct str rest = str_from(g->view->text, g->place.told);

	if (rest.len > PIECE_MAX)
		rest.len = PIECE_MAX;
	else if (g->view->end)
		return rest;
	rest.len = utf8_whole(rest);
	return rest;
}

/* What was told must be how the text begins. A client that comes back with a place has it
 * compared once; from then on the feed's version says whether it still is. */
static bool must_begin_anew(struct telling *g)
{
	bool anew = g->resuming ? !place_begins(&g->place, g->view->text)
				: g->version != g->view->version;

	g->resuming = false;
	g->version = g->view->version;
	return anew;
}

bool telling_put(struct telling *g, struct buf *out, put_id_fn *put_id)
{
	const struct feed_view *v = g->view;
	struct str piece;

	if (g->place.ended)
		return false;
	if (v->version == 0) {
		if (g->resuming || g->queue_version == v->queue_version)
			return false;
		g->queue_version = v->queue_version;
		put_queued(g, out, put_id);
		return true;
	}
	if (g->resuming && !v->end && v->text.len < g->place.told)
		return false; /* the log is not read that far yet */
	if (must_begin_anew(g)) {
		put_started(g, out, put_id);
		return true;
	}
	piece = next_piece(g);
	if (piece.len)
		put_delta(g, piece, out, put_id);
	else if (v->end)
		put_end(g, v->end, out, put_id);
	return piece.len || v->end;
}

/* ---- the life of a telling ---- */

static void on_changed(struct feed_reader *r)
{
	struct telling *g = container_of(r, struct telling, reader);

	g->changed(g);
}

static struct telling *telling_alloc(
	const struct reply_ref *ref, const struct stream_place *from)
{
	struct telling *g = calloc(1, sizeof *g);

	if (!g)
		abort();
	list_init(&g->link);
	g->ref = *ref;
	g->place = *from;
	g->resuming = from->given;
	g->place.ended = false;
	return g;
}

struct telling *telling_new(struct task *t, const struct reply_ref *ref,
	const struct stream_place *from, bool ended, void (*changed)(struct telling *g))
{
	struct telling *g = telling_alloc(ref, from);
	struct feed_of of = { ref->room_id, t->caller->user_id, ref->reply_id, ended };

	g->changed = changed;
	g->reader.changed = on_changed;
	feed_join(chat_of(t)->feeds, &of, &g->reader);
	g->view = feed_view(g->reader.feed);
	return g;
}

struct telling *telling_of_record(const struct reply_ref *ref,
	const struct stream_place *from, const struct message *m)
{
	struct telling *g = telling_alloc(ref, from);

	g->record = (struct feed_view){ .version = 1, .text = m->content, .end = m };
	g->view = &g->record;
	return g;
}

void telling_free(struct telling **gp)
{
	struct telling *g = *gp;

	*gp = NULL;
	list_del(&g->link);
	if (g->reader.feed)
		feed_leave(&g->reader);
	free(g);
}
