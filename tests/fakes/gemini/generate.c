/*
 * POST /v1beta/models/{model}:generateContent and :streamGenerateContent.
 *
 * Read the request and its script; wait as asked; then the whole answer at once, or its
 * pieces one by one. A stream without waits between its pieces leaves in one write.
 */
#include "answer.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "chunk.h"
#include "gemini.h"
#include "http/reply.h"
#include "http/server.h"
#include "request.h"
#include "script.h"

/* Longer than any client waits. */
#define HANG_MS 800000

#define THOUGHT "Let me think about what was asked, and what would help most."

enum dress { WHOLE, SSE, ARRAY }; /* what stands around each piece */

struct call {
	struct gemini *gemini;
	struct request request;
	struct script script;
	const char *served_by;
	struct str text;   /* of the whole answer */
	struct str finish; /* finishReason of the last piece; empty: none comes */
	enum dress dress;
	unsigned chunk;        /* pieces sent */
	unsigned chunks;       /* in all, the thought not counted */
	int64_t answer_tokens; /* in the pieces sent */
	bool begun;            /* the head of a stream has been sent */
	char id[23];
};

static step_fn call_answer, call_next, call_hung;

static struct script script_of(const struct gemini *g, struct str prompt)
{
	struct script s = SCRIPT_PLAIN;

	s.delay_ms = g->delay_ms;
	s.chunks = g->chunks;
	s.chunk_delay_ms = g->chunk_delay_ms;
	s.bytes = g->reply_bytes;
	script_read(&s, prompt);
	return s;
}

static const char *served_by(const struct gemini_model *m)
{
	return m->serves_as ? m->serves_as : m->name;
}

static enum dress dress_of(struct task *t, bool stream)
{
	struct str alt = STR_NONE;

	if (!stream)
		return WHOLE;
	return http_query(http_req(t), &t->arena, STR("alt"), &alt) &&
			       str_eq(alt, STR("sse"))
		       ? SSE
		       : ARRAY;
}

outcome_t generate(struct task *t, struct str model, bool stream)
{
	struct gemini *g = t->app->self;
	struct call *c = task_new(t, struct call);
	const struct gemini_model *m = model_find(model);
	const char *wrong;
	uint8_t id[11];

	g->stats.calls++;
	g->stats.streams += stream;
	if (!m)
		return google_error(t, 404,
			"The model is not found for this API version, or is not supported "
			"for generateContent. Call ListModels to see the list of "
			"available models.");
	wrong = request_read(&t->arena, http_req(t)->body, &c->request);
	if (wrong)
		return google_error(t, 400, wrong);
	random_bytes(id, sizeof id);
	hex_format(id, sizeof id, c->id);
	c->gemini = g;
	c->dress = dress_of(t, stream);
	c->served_by = served_by(m);
	c->script = script_of(g, c->request.prompt);
	g->stats.open++;
	g->stats.open_streams += stream;
	if (c->script.fail_times >= 0 &&
		failed_before(g, c->request.prompt) >= c->script.fail_times)
		script_forgive(&c->script);
	if (c->script.hang)
		return task_sleep(t, HANG_MS, call_hung);
	if (c->script.delay_ms)
		return task_sleep(t, (uint64_t)c->script.delay_ms, call_answer);
	return call_answer(t, ERR_OK);
}

/* Every way a call ends passes here once. */
static void call_close(struct call *c, enum err e)
{
	struct gemini_stats *s = &c->gemini->stats;

	s->open--;
	s->open_streams -= c->dress != WHOLE;
	if (e == ERR_CANCELED) {
		s->aborted++;
		s->aborted_at_us = clock_wall_us();
	}
}

/* The end of a wait that did not end well: the client left, or waited for too long. */
static outcome_t call_give_up(struct task *t, enum err e)
{
	struct call *c = t->state;

	call_close(c, e);
	if (c->begun)
		return reply_stream_abort(t);
	return e == ERR_CANCELED ? reply_error(t, e)
				 : google_error(t, 504, google_message(504));
}

static outcome_t call_hung(struct task *t, enum err e)
{
	return call_give_up(t, e);
}

/* A refusal in place of an answer: [[status]], [[perday]]. */
static outcome_t call_fail(struct task *t)
{
	struct call *c = t->state;
	const struct script *s = &c->script;

	call_close(c, ERR_OK);
	if (s->per_day)
		return google_quota_error(
			t, &(struct google_quota){ .per_day = true, .retry_s = 23 });
	if (s->status == 429 && s->retry_s >= 0)
		return google_quota_error(
			t, &(struct google_quota){ .retry_s = s->retry_s });
	return google_error(t, (int)s->status, google_message((int)s->status));
}

/* Reasons that take the text away with them. */
static bool finish_is_block(struct str finish)
{
	static const char *const blocks[] = { "SAFETY", "RECITATION", "BLOCKLIST",
		"PROHIBITED_CONTENT", "SPII" };

	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		if (str_eq(finish, str_of(blocks[i])))
			return true;
	}
	return false;
}

static void call_compose(struct task *t, struct call *c)
{
	const struct script *s = &c->script;
	struct str prompt = script_strip(&t->arena, c->request.prompt);
	int64_t room;

	c->text = s->echo ? prompt
			  : answer_text(
				    &t->arena, prompt, c->request.turns, (size_t)s->bytes);
	c->finish = s->finish.len ? s->finish : STR("STOP");
	room = c->request.max_output * 4;
	if (room && (int64_t)c->text.len > room) {
		c->text.len = utf8_whole(str_span(c->text.ptr, (size_t)room));
		c->finish = STR("MAX_TOKENS");
	}
	if (s->no_finish)
		c->finish = STR_NONE;
	c->chunks = c->dress == WHOLE || s->chunks < 1 ? 1 : (unsigned)s->chunks;
	if (c->chunks > c->text.len)
		c->chunks = c->text.len ? (unsigned)c->text.len : 1;
}

static struct chunk chunk_of(const struct call *c)
{
	return (struct chunk){ .model = c->served_by,
		.id = c->id,
		.prompt_tokens = c->request.tokens,
		.answer_tokens = c->answer_tokens,
		.thought_tokens = c->script.think ? tokens_of(STR(THOUGHT)) : 0 };
}

/* One piece in its dress; first and last say whether the array opens and closes. */
static void put_chunk(
	struct buf *out, const struct call *c, const struct chunk *k, bool first, bool last)
{
	if (c->dress == SSE)
		buf_add_str(out, STR("data: "));
	else if (c->dress == ARRAY)
		buf_add_str(out, first ? STR("[") : STR(",\r\n"));
	if (c->script.garbage && last)
		buf_add_str(out, STR("{\"candidates\": [{\"content\": <html>"));
	else
		chunk_write(out, k);
	if (c->dress == SSE)
		buf_add_str(out, STR("\r\n\r\n"));
	else if (c->dress == ARRAY && last)
		buf_add_str(out, STR("]"));
}

/* The i-th piece, with the thought before the first. */
static void put_piece(struct buf *out, struct call *c, unsigned i)
{
	struct chunk k = chunk_of(c);
	bool last = i + 1 == c->chunks;

	if (i == 0 && c->script.think) {
		k.text = STR(THOUGHT);
		k.thought = true;
		put_chunk(out, c, &k, true, false);
		k.thought = false;
	}
	k.text = answer_piece(c->text, i, c->chunks);
	if (last && finish_is_block(c->finish))
		k.text = STR_NONE;
	if (last)
		k.finish = c->finish;
	c->answer_tokens += tokens_of(k.text);
	k.answer_tokens = c->answer_tokens;
	put_chunk(out, c, &k, i == 0 && !c->script.think, last);
}

/* The single piece of an answer that has no text: [[block]], [[empty]]. */
static void put_nothing(struct buf *out, const struct call *c)
{
	struct chunk k = chunk_of(c);

	k.no_candidates = true;
	k.block = c->script.block;
	put_chunk(out, c, &k, true, true);
}

static outcome_t call_answer(struct task *t, enum err e)
{
	struct call *c = t->state;
	struct buf *out = &c->gemini->scratch;
	bool nothing = c->script.block.len || c->script.empty;
	struct str type = c->dress == SSE ? STR("text/event-stream")
					  : STR("application/json; charset=UTF-8");

	if (e != ERR_OK)
		return call_give_up(t, e);
	if (c->script.per_day || (c->script.status && c->script.error_after < 0))
		return call_fail(t);
	call_compose(t, c);
	c->begun = c->dress != WHOLE;
	if (c->begun)
		reply_stream_begin(t, 200, type);
	if (c->begun && !nothing)
		return call_next(t, ERR_OK);
	buf_clear(out);
	if (nothing)
		put_nothing(out, c);
	else
		put_piece(out, c, 0);
	call_close(c, ERR_OK);
	if (!c->begun)
		return reply_bytes(t, 200, type, buf_str(out));
	reply_stream_write(t, buf_str(out));
	return reply_stream_end(t);
}

/* What ends a stream before its last piece. */
static bool breaks_here(const struct call *c)
{
	const struct script *s = &c->script;

	return c->chunk == s->cut_after || c->chunk == s->error_after ||
	       c->chunk == s->hang_after;
}

static outcome_t call_break(struct task *t)
{
	struct call *c = t->state;
	const struct script *s = &c->script;
	struct buf *out = &c->gemini->scratch;
	int status = s->status ? (int)s->status : 503;

	if (c->chunk == s->hang_after)
		return task_sleep(t, HANG_MS, call_hung);
	call_close(c, ERR_OK);
	if (c->chunk == s->cut_after)
		return reply_stream_abort(t);
	buf_clear(out);
	google_error_write(out, status, google_message(status));
	c->gemini->stats.errors++;
	reply_stream_write(t, buf_str(out));
	return reply_stream_end(t);
}

/* The next piece; all that are left when nothing is to be waited for between them. */
static outcome_t call_next(struct task *t, enum err e)
{
	struct call *c = t->state;
	struct buf *out = &c->gemini->scratch;

	if (e != ERR_OK)
		return call_give_up(t, e);
	buf_clear(out);
	while (c->chunk < c->chunks && !breaks_here(c)) {
		put_piece(out, c, c->chunk++);
		if (c->script.chunk_delay_ms)
			break;
	}
	if (out->len)
		reply_stream_write(t, buf_str(out));
	if (c->chunk == c->chunks) {
		call_close(c, ERR_OK);
		return reply_stream_end(t);
	}
	if (out->len && c->script.chunk_delay_ms)
		return task_sleep(t, (uint64_t)c->script.chunk_delay_ms, call_next);
	return call_break(t);
}
