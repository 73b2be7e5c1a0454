/*
 * POST /chatroom/{id}/message                          to the end of the active branch
 * POST /chatroom/{id}/message/{message_id}/edit        beside a message of the user's
 * POST /chatroom/{id}/message/{reply_id}/regenerate    another reply beside one
 *
 * The message is in the record, and a reply is owed, before 202 is said.
 *
 * Everything is decided by one statement (messages_store.c); the queue is told afterwards,
 * and the caller is not kept waiting for it. Refused: 404 a room or target that is not the
 * caller's, 409 a reply to make anew that is still owed, 429 the day's messages or tokens
 * are used up (with when the next is possible), 422 an Idempotency-Key that belongs to
 * another request. 503 with ERR_UNSURE: the same key tells
 * later what became of it.
 */
#include "base/clock.h"
#include "base/token_estimate.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "chat.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"
#include "messages_store.h"
#include "queue.h"
#include "room_bell.h"
#include "secure/secret.h"
#include "stream.h"
#include "views.h"

#define DAY_S 86400

static step_fn send_accepted;

/* Quoted as in the draft standard or bare as in practice; 1-255 visible characters. */
static bool read_key(struct task *t, struct str *key)
{
	struct str v = http_header(http_req(t), STR("Idempotency-Key"));

	*key = STR_NONE;
	if (!v.ptr)
		return true;
	if (v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"')
		v = str_span(v.ptr + 1, v.len - 2);
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] <= ' ' || v.ptr[i] > '~' || v.ptr[i] == '"')
			v.len = 0;
	}
	if (v.len < 1 || v.len > 255) {
		reply_invalid_add(
			t, STR("Idempotency-Key"), "must be 1 to 255 visible characters");
		return false;
	}
	*key = v;
	return true;
}

static void fingerprint(struct task *t, struct accept *a)
{
	size_t len = 33 + a->content.len;
	char *all = arena_bytes(&t->arena, len);

	all[0] = (char)a->kind;
	memcpy(all + 1, a->room_id.b, 16);
	memcpy(all + 17, a->target_id.b, 16);
	if (a->content.len)
		memcpy(all + 33, a->content.ptr, a->content.len);
	sha256(str_span(all, len), a->fingerprint);
}

static bool read_content(struct task *t, struct str *content)
{
	int64_t max = chat_of(t)->message_max_bytes;

	if (!params_read(t, P_STR("content", content, 1, max)))
		return false;
	if ((int64_t)content->len > max) {
		reply_invalid_add(
			t, STR("/content"), "is longer than %lld bytes", (long long)max);
		return false;
	}
	return true;
}

static int32_t reserve_for(const struct chat *c, struct str content)
{
	return (int32_t)(c->reply_reserve_tokens + token_estimate(content));
}

static outcome_t accept_as(struct task *t, enum accept_kind kind)
{
	struct accept *a = task_new(t, struct accept);
	char trace[TRACEPARENT_SIZE];
	bool ok;

	a->kind = kind;
	if (!params_path_uuid(t, 0, &a->room_id) ||
		(kind != ACCEPT_SEND && !params_path_uuid(t, 1, &a->target_id)))
		return reply_error(t, ERR_NOT_FOUND);
	ok = kind == ACCEPT_REGENERATE || read_content(t, &a->content);
	if (!read_key(t, &a->key) || !ok)
		return reply_invalid(t);
	a->reserve_tokens = reserve_for(chat_of(t), a->content);
	if (a->key.ptr)
		fingerprint(t, a);
	a->user_id = t->caller->user_id;
	a->message_id = uuid_v7();
	a->reply_id =
		uuid_v7(); /* after the message's: ids are the order of the conversation */
	if (traceparent_format(&t->log, trace))
		a->traceparent = arena_dup(&t->arena, str_of(trace));
	return messages_accept(t, a, send_accepted);
}

outcome_t message_send(struct task *t)
{
	return accept_as(t, ACCEPT_SEND);
}

outcome_t message_edit(struct task *t)
{
	return accept_as(t, ACCEPT_EDIT);
}

outcome_t message_regenerate(struct task *t)
{
	return accept_as(t, ACCEPT_REGENERATE);
}

/* The user's message, and under "reply" what is known of the answer. */
static void put_sent(
	struct json_writer *w, const struct accept *a, const struct message *reply)
{
	struct message m = { .id = a->message_id,
		.sender = STR("user"),
		.state = STR("complete"),
		.content = a->content,
		.created_at_us = a->said_at_us };

	json_object(w, NULL);
	view_message_members(w, &a->room_id, &m);
	json_object(w, "reply");
	view_message_members(w, &a->room_id, reply);
	json_end(w);
	json_end(w);
}

static void put_accepted(struct json_writer *w, const struct accept *a)
{
	struct message queued = { .id = a->reply_id,
		.parent_id = a->message_id,
		.sender = STR("gemini"),
		.state = STR("queued"),
		.created_at_us = a->created_at_us };

	put_sent(w, a, &queued);
}

static outcome_t reply_202(struct task *t, const struct accept *a)
{
	put_accepted(reply_body(t), a);
	return reply_json(t, 202);
}

/* ---- for clients that want the reply with the answer ---- */

static step_fn awaited;

static bool wants_stream(const struct task *t)
{
	struct str rest = http_header(http_req(t), STR("Accept")), one;

	while (str_cut(&rest, ',', &one)) {
		if (str_eq_nocase(str_trim(str_span(one.ptr, str_find(one, ';'))),
			    STR("text/event-stream")))
			return true;
	}
	return false;
}

static outcome_t reply_stream_of(struct task *t, const struct accept *a)
{
	static const struct stream_place start = STREAM_START;
	struct reply_ref ref = { a->room_id, a->reply_id };
	struct buf first = { 0 };
	struct json_writer w;
	struct str copy;

	buf_add_str(&first, STR("event: message.accepted\ndata: "));
	w = json_writer(&first);
	put_accepted(&w, a);
	buf_add_str(&first, STR("\n\n"));
	copy = arena_dup(&t->arena, buf_str(&first));
	buf_fini(&first);
	return stream_reply(t, &ref, &start, copy);
}

struct awaiting {
	struct accept *accept;
	struct message end;
};

static outcome_t await_reply(struct task *t, struct accept *a, uint64_t wait_ms)
{
	struct awaiting *w = task_new(t, struct awaiting);
	struct reply_ref ref = { a->room_id, a->reply_id };

	w->accept = a;
	return stream_await(t, &ref, wait_ms, &w->end, awaited);
}

static outcome_t awaited(struct task *t, enum err e)
{
	struct awaiting *w = t->state;

	if (e != ERR_OK)
		return reply_202(t, w->accept);
	reply_header(t, STR("Preference-Applied"), STR("wait"));
	put_sent(reply_body(t), w->accept, &w->end);
	return reply_json(t, 200);
}

static outcome_t reply_accepted(struct task *t, struct accept *a)
{
	uint64_t wait_ms = http_prefers_wait_ms(http_req(t));
	char room[UUID_TEXT_SIZE];

	uuid_format(&a->room_id, room);
	reply_header(t, STR("Location"), arena_fmt(&t->arena, "/chatroom/%s", room));
	if (a->outcome == ACCEPT_REPLAYED)
		reply_header(t, STR("Idempotent-Replayed"), STR("true"));
	if (wants_stream(t) && streams_allowed(t))
		return reply_stream_of(t, a);
	return wait_ms ? await_reply(t, a, wait_ms) : reply_202(t, a);
}

/* policy: its name in the headers; what: of which the day has so much. */
static outcome_t reply_no_quota(struct task *t, const struct accept *a, const char *policy,
	int64_t allowed, const char *what)
{
	static const struct problem no_quota = { 429, "quota_exceeded", "Quota exceeded",
		"https://iana.org/assignments/http-problem-types#quota-exceeded" };
	int64_t now_s = clock_wall_s(), wait_s = DAY_S - now_s % DAY_S;
	char next[CLOCK_RFC3339_SIZE];

	clock_rfc3339((now_s + wait_s) * 1000000, next);
	memcpy(next + 19, "Z", 2); /* whole seconds */
	reply_header(
		t, STR("Retry-After"), arena_fmt(&t->arena, "%lld", (long long)wait_s));
	reply_header(t, STR("RateLimit-Policy"),
		arena_fmt(&t->arena, "\"%s\";q=%lld;w=%d", policy, (long long)allowed,
			DAY_S));
	reply_header(t, STR("RateLimit"),
		arena_fmt(&t->arena, "\"%s\";r=0;t=%lld", policy, (long long)wait_s));
	return reply_problem(t, &no_quota,
		arena_fmt(&t->arena,
			"All %lld %s of the %s tier for today are used; the next message is "
			"possible at "
			"%s.",
			(long long)allowed, what, a->is_pro ? "Pro" : "Basic", next)
			.ptr);
}

static outcome_t send_accepted(struct task *t, enum err e)
{
	static const struct problem key_reused = { 422, "idempotency_key_reused",
		"The Idempotency-Key was used for another request", NULL };
	static const struct problem still_owed = { 409, "reply_not_ended",
		"The reply has not ended", NULL };
	struct chat *c = chat_of(t);
	struct accept *a = t->state;

	if (e != ERR_OK)
		return reply_error(t, e);
	switch (a->outcome) {
	case ACCEPT_ACCEPTED:
		++*c->accepted;
		queue_add(c->queue, &(struct owed){ .room_id = a->room_id,
					    .reply_id = a->reply_id,
					    .user_id = a->user_id,
					    .is_pro = a->is_pro,
					    .created_us = a->created_at_us,
					    .traceparent = a->traceparent });
		bell_ring(c, &a->room_id, &a->reply_id);
		return reply_accepted(t, a);
	case ACCEPT_REPLAYED:
		++*c->replayed;
		return reply_accepted(t, a);
	case ACCEPT_NO_ROOM:
		return reply_error(t, ERR_NOT_FOUND);
	case ACCEPT_STILL_OWED:
		return reply_problem(t, &still_owed,
			"Stop it, or wait for its end, before asking anew.");
	case ACCEPT_KEY_REUSED:
		return reply_problem(t, &key_reused, NULL);
	case ACCEPT_NO_QUOTA:
		++*c->refused_quota;
		return reply_no_quota(t, a, "messages-day", a->allowed, "messages");
	case ACCEPT_NO_TOKENS:
		++*c->refused_quota;
		return reply_no_quota(
			t, a, "tokens-day", chat_daily_tokens(c, a->is_pro), "tokens");
	}
	return reply_error(t, ERR_INTERNAL);
}
