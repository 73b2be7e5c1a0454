#include "answer.h"

#include <stdlib.h>

#include "answer_usage.h"
#include "answers_store.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "messages.h"
#include "reply_log.h"
#include "retry.h"

#define STORE_RETRY_MS 250
#define HELD_RETRY_MS  1000
/* A worker that dies takes all it has in hand with it: for most it says nothing. */
#define DEATHS_PER_ATTEMPT 4
#define EVENT_MAX          (8u << 20)
#define TEXT_MAX           (4u << 20) /* of one answer */
#define ERROR_MAX          (64u << 10)

/* ---- the table of states: what each starts ---- */

static void start_call(struct answer *a);
static void start_store(struct answer *a);
static void let_go(struct answer *a);

static const struct {
	const char *name;
	void (*start)(struct answer *a);
} states[] = {
	[ANSWER_CLAIM] = { "claim", answers_claim },
	[ANSWER_CALL] = { "call", start_call },
	[ANSWER_STORE] = { "store", start_store },
	[ANSWER_RELEASE] = { "release", answers_release },
	[ANSWER_DONE] = { "done", let_go },
};

static void enter(struct answer *a, enum answer_state state)
{
	a->state = state;
	states[state].start(a);
}

/* The store is away: what it was to be told is kept and told again. */
static void wait_for_store(struct answer *a, enum err e)
{
	log_warn("store-away", L_Z("state", states[a->state].name), L_ERR(e));
	a->retry_at_ms = clock_mono_ms() + STORE_RETRY_MS;
	list_push(&a->worker->waiting, &a->wait_link);
}

void answer_retry_store(struct answer *a)
{
	list_del(&a->wait_link);
	enter(a, a->state);
}

static bool is_away(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_TIMEOUT || e == ERR_UNSURE || e == ERR_BUSY;
}

/* ---- CLAIM ---- */

static void free_answer(struct answer *a)
{
	buf_fini(&a->body);
	buf_fini(&a->error_body);
	buf_fini(&a->text);
	sse_fini(&a->sse);
	free(a);
}

/* Nothing may come back to it any more. */
static void maybe_free(struct answer *a)
{
	if (a->state == ANSWER_DONE && !a->at_store && !a->beating)
		free_answer(a);
}

/* Something came back from the store. True if the answer was abandoned meanwhile. */
static bool is_abandoned(struct answer *a)
{
	a->at_store = false;
	if (!a->worker->stopping)
		return false;
	maybe_free(a);
	return true;
}

/* A job whose body makes no sense is done with: the record knows what is owed. */
static bool read_job(const struct taken_job *j, struct msg_reply_job *m)
{
	const struct json *root;
	const char *why = "fields";
	struct arena arena;
	enum err e;

	arena_init(&arena);
	e = json_parse(&arena, j->body, NULL, &root, &why);
	if (e == ERR_OK)
		e = message_decode(&MSG_REPLY_JOB, root, m);
	m->traceparent = STR_NONE; /* it lay in the arena */
	arena_fini(&arena);
	if (e != ERR_OK)
		log_error("job-unreadable", L_Z("why", why));
	return e == ERR_OK;
}

void answer_take(struct worker *w, const struct taken_job *j)
{
	struct msg_reply_job m = { 0 };
	struct answer *a;

	if (!read_job(j, &m)) {
		jobq_model_unused(w->queue, j->model, j->tokens);
		jobq_done(w->queue, &j->id);
		return;
	}
	a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->worker = w;
	a->room_id = m.room_id;
	a->reply_id = m.reply_id;
	a->model = j->model;
	a->reckoned = j->tokens;
	list_init(&a->wait_link);
	list_init(&a->flush_link);
	list_push(&w->answers, &a->link);
	w->in_hand++;
	enter(a, ANSWER_CLAIM);
}

/* The slot that came with the job is for another; a probe that never comes back would
 * keep the breaker open. */
static void call_none(const struct answer *a)
{
	if (!a->called_at_us)
		jobq_model_unused(a->worker->queue, a->model, a->reckoned);
}

static void fail(struct answer *a, const char *why)
{
	call_none(a);
	a->end = END_FAILED;
	a->why = why;
	enter(a, ANSWER_STORE);
}

static void leave(struct answer *a, int64_t again_ms)
{
	call_none(a);
	a->leaves = again_ms < 0 ? LEAVES_DONE : LEAVES_AGAIN;
	a->delay_ms = again_ms;
	enter(a, ANSWER_DONE);
}

/* After an unsure claim the lease may be ours without our knowing the fence: the statement
 * is repeated, says "held", and is tried again until that lease has run out. */
void answer_claimed(struct answer *a, enum err e, const struct claim *c)
{
	struct worker *w = a->worker;
	if (is_abandoned(a))
		return;
	if (is_away(e)) {
		wait_for_store(a, e);
		return;
	}
	if (e != ERR_OK || c->outcome != CLAIM_OURS) {
		if (e != ERR_OK)
			log_error("claim-failed", L_ERR(e));
		leave(a, e == ERR_OK && c->outcome == CLAIM_GONE ? -1 : HELD_RETRY_MS);
		return;
	}
	if (w->handed_back) { /* too late to begin */
		call_none(a);
		a->burnt = false;
		enter(a, ANSWER_RELEASE);
		return;
	}
	if (c->stop || a->stop) { /* while nobody was at it, or it was on its way here */
		call_none(a);
		a->end = END_STOPPED;
		enter(a, ANSWER_STORE);
		return;
	}
	/* Counted before work starts: an answer that kills its worker comes to an end, too.
	 */
	if (a->attempts > w->attempts_max * DEATHS_PER_ATTEMPT) {
		fail(a, "The model could not be reached after several attempts.");
		return;
	}
	if (clock_wall_us() - c->created_at_us > w->patience_s * 1000000) {
		fail(a, "The model could not be reached in time.");
		return;
	}
	if (!answer_build_prompt(a, c)) {
		fail(a, "There is nothing to answer.");
		return;
	}
	enter(a, ANSWER_CALL);
}

/* ---- CALL ---- */

static void flush_soon(struct answer *a)
{
	struct worker *w = a->worker;

	if (!list_empty(&a->flush_link))
		return;
	list_push(&w->flushing, &a->flush_link);
	if (!timer_is_running(&w->flush))
		timer_start(&w->flush, (uint64_t)w->delta_ms, 0);
}

static bool on_event(void *ctx, const struct sse_event *ev)
{
	struct answer *a = ctx;
	size_t before = a->text.len;

	if (model_read(&a->said, ev->data, &a->text) != ERR_OK)
		return false;
	if (a->text.len > TEXT_MAX) {
		a->text.len = utf8_whole(str_span(a->text.ptr, TEXT_MAX));
		return false; /* cut here: incomplete */
	}
	if (before == 0 && a->text.len) {
		histogram_observe_us(
			a->worker->first_chunk, clock_mono_us() - a->called_at_us);
		a->heard = true;
		jobq_model_answered(a->worker->queue, a->model);
	}
	if (a->text.len > before)
		flush_soon(a);
	return true;
}

static bool on_data(struct outbound_call *call, struct str bytes)
{
	struct answer *a = container_of(call, struct answer, call);

	if (call->status == 200) {
		if (a->body.ptr && outbound_is_sent(call))
			buf_fini(&a->body); /* answers may take long, and there are many */
		return sse_feed(&a->sse, bytes) == ERR_OK;
	}
	if (a->error_body.len + bytes.len <= ERROR_MAX)
		buf_add_str(&a->error_body, bytes);
	return true;
}

static void try_again(struct answer *a, enum err transport, enum model_news news)
{
	struct worker *w = a->worker;

	log_warn("model-retry", L_INT("status", a->call.status),
		L_Z("reason", a->said.status), L_INT("attempt", a->attempts),
		L_Z("model", w->models[a->model].name), L_ERR(transport));
	a->burnt = retry_counts(a, transport, news);
	if (a->burnt && a->attempts >= w->attempts_max) {
		fail(a, "The model did not answer after several attempts.");
		return;
	}
	/* An answer that cannot be read will hardly read better the next time. */
	if ((transport == ERR_INVALID || transport == ERR_CANCELED) && a->attempts >= 2) {
		fail(a, "The model's answer could not be read.");
		return;
	}
	++*(a->burnt ? w->retries : w->waits);
	a->delay_ms = retry_backoff_ms(a);
	enter(a, ANSWER_RELEASE);
}

static void call_ended(struct answer *a, enum err transport)
{
	enum model_news news = model_news_of(&a->said, transport, a->call.status);

	retry_tell_queue(a, news);
	answer_note_error(a, transport);
	a->end = model_judge(&a->said, transport, a->call.status, a->text.len > 0, &a->why);
	if (news == NEWS_UNKNOWN && a->worker->model_count > 1 && a->text.len == 0)
		a->end = END_RETRY; /* another model may know */
	if (a->end == END_RETRY)
		try_again(a, transport, news);
	else
		enter(a, ANSWER_STORE);
}

static void on_call_done(struct outbound_call *call, enum err e)
{
	struct answer *a = container_of(call, struct answer, call);
	struct str stray;

	histogram_observe_us(a->worker->duration, clock_mono_us() - a->called_at_us);
	if (call->status == 200) {
		if (e == ERR_OK && sse_finish(&a->sse) != ERR_OK)
			e = ERR_INVALID;
		stray = buf_str(
			&a->sse.stray); /* a bare error object in the middle of a stream */
		if (stray.len && !a->said.finish_reason[0])
			(void)!model_read(&a->said, stray, &a->text);
	} else if (call->status != 0) {
		model_read_error(&a->said, call->status, buf_str(&a->error_body));
	}
	call_ended(a, e);
}

static void start_call(struct answer *a)
{
	struct worker *w = a->worker;

	sse_init(&a->sse, EVENT_MAX, on_event, a);
	a->said.retry_ms = -1;
	a->called_at_us = clock_mono_us();
	a->call = (struct outbound_call){ .method = "POST",
		.url = w->urls[a->model],
		.headers = w->headers,
		.body = buf_str(&a->body),
		.on_data = on_data,
		.on_done = on_call_done };
	outbound_send(w->out, &a->call);
}

/* ---- STORE, RELEASE ---- */

static void start_store(struct answer *a)
{
	if (!a->is_counted)
		answer_count_usage(a);
	a->is_counted = true;
	answers_finish(a);
}

/* What the provider said beside the text goes first, then the text. What it cost stays. */
static bool store_less(struct answer *a)
{
	a->refusals++;
	a->said = (struct model_said){ .retry_ms = -1 };
	if (a->refusals == 2) {
		buf_clear(&a->text);
		a->end = END_FAILED;
		a->why = "The answer could not be stored.";
	}
	if (a->refusals > 2)
		return false;
	enter(a, ANSWER_STORE);
	return true;
}

void answer_stored(struct answer *a, enum err e)
{
	struct worker *w = a->worker;

	if (is_abandoned(a))
		return;
	if (is_away(e)) {
		a->maybe_stored |= e == ERR_UNSURE;
		wait_for_store(a, e);
		return;
	}
	if (e == ERR_NOT_FOUND && a->maybe_stored)
		e = ERR_OK; /* an earlier try took effect and only its answer was lost */
	if (e == ERR_OK) {
		++*w->ends[a->end];
		*w->prompt_tokens += (uint64_t)a->usage.prompt_tokens;
		*w->output_tokens += (uint64_t)a->usage.output_tokens;
		reply_log_done(a);
	} else if (e == ERR_NOT_FOUND) {
		++*w->lost_leases; /* another holder has it, or ended it */
		a->leaves = LEAVES_TO_OTHERS;
		log_info("answer-refused", L_INT("fence", a->fence));
	} else {
		/* The record will not take this, ever; the reply must end all the same. */
		log_error("store-failed", L_ERR(e), L_INT("refusals", a->refusals));
		if (store_less(a))
			return;
	}
	enter(a, ANSWER_DONE);
}

void answer_released(struct answer *a, enum err e)
{
	if (is_abandoned(a))
		return;
	if (is_away(e)) {
		wait_for_store(a, e);
		return;
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		log_error("release-failed", L_ERR(e));
	a->leaves = e == ERR_NOT_FOUND ? LEAVES_TO_OTHERS : LEAVES_AGAIN;
	enter(a, ANSWER_DONE);
}

/* ---- DONE ---- */

static void let_go(struct answer *a)
{
	struct worker *w = a->worker;

	if (a->leaves == LEAVES_DONE)
		jobq_done(w->queue, &a->reply_id);
	else if (a->leaves == LEAVES_AGAIN)
		jobq_again(w->queue, &a->reply_id, a->delay_ms);
	list_del(&a->link);
	list_del(&a->flush_link);
	w->in_hand--;
	maybe_free(a); /* else when the heartbeat has come back */
	if (w->drain_since_ms == 0)
		jobq_more(w->queue);
}

/* ---- the lease, and leaving ---- */

static void break_off(struct answer *a)
{
	if (!a->heard)
		jobq_model_unheard(a->worker->queue, a->model);
	outbound_cancel(&a->call);
	list_del(&a->flush_link);
}

void answer_stop(struct answer *a)
{
	a->stop = true;
	if (a->state != ANSWER_CALL)
		return; /* the claim will come to it; or it is at its end anyway */
	break_off(a);
	a->end = END_STOPPED;
	enter(a, ANSWER_STORE);
}

void answer_beaten(struct answer *a, enum err e, bool stop)
{
	if (a->state == ANSWER_DONE) {
		maybe_free(a);
		return;
	}
	if (stop) {
		answer_stop(a);
		return;
	}
	if (e != ERR_NOT_FOUND)
		return;
	if (a->state != ANSWER_CALL)
		return; /* the store will say so itself */
	++*a->worker->lost_leases;
	log_warn("lease-lost", L_INT("fence", a->fence));
	break_off(a);
	a->leaves = LEAVES_TO_OTHERS;
	enter(a, ANSWER_DONE);
}

void answer_hand_back(struct answer *a)
{
	if (a->state != ANSWER_CALL)
		return;
	break_off(a);
	a->burnt = false;
	a->delay_ms = 0;
	enter(a, ANSWER_RELEASE);
}

/* What is still with Postgres is freed when that comes back. */
void answer_abandon(struct answer *a)
{
	if (a->state == ANSWER_CALL)
		break_off(a);
	list_del(&a->link);
	list_del(&a->wait_link);
	list_del(&a->flush_link);
	a->state = ANSWER_DONE;
	maybe_free(a);
}
