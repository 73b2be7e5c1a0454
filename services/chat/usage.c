/*
 * GET /usage: what the caller has used today and in the days before, and what is left.
 *
 * Numbers come from the quota's rows, which are settled in the transactions that accept
 * and end replies: no sum is made here.
 */
#include "base/clock.h"
#include "chat.h"
#include "http/params.h"
#include "http/reply.h"
#include "usage_store.h"

#define DAY_S 86400

struct asking {
	int64_t days;
	struct usage usage;
};
static step_fn usage_found;

outcome_t usage_show(struct task *t)
{
	struct asking *a = task_new(t, struct asking);

	if (!params_query_int(t, "days", 7, 1, 90, &a->days))
		return reply_invalid(t);
	return usage_read(t, a->days, &a->usage, usage_found);
}

/* limit 0: none, and so nothing remains to be counted. */
static void put_limit(struct json_writer *w, int64_t spent, int64_t limit)
{
	if (limit == 0) {
		json_put_null(w, "limit");
		json_put_null(w, "remaining");
		return;
	}
	json_put_i64(w, "limit", limit);
	json_put_i64(w, "remaining", spent < limit ? limit - spent : 0);
}

static void put_today(struct json_writer *w, const struct chat *c, const struct usage *u)
{
	const struct usage_day *today = &u->days[u->count - 1];
	int64_t tokens = today->prompt_tokens + today->output_tokens;
	int64_t messages = u->is_pro ? c->pro_daily_messages : c->basic_daily_messages;

	json_object(w, "messages");
	json_put_i64(w, "used", today->messages);
	json_put_i64(w, "limit", messages); /* 0 means none may be sent */
	json_put_i64(w, "remaining",
		today->messages < messages ? messages - today->messages : 0);
	json_end(w);
	json_object(w, "tokens");
	json_put_i64(w, "used", tokens);
	json_put_i64(w, "reserved", u->reserved_tokens);
	put_limit(w, tokens + u->reserved_tokens, chat_daily_tokens(c, u->is_pro));
	json_end(w);
}

static void put_days(struct json_writer *w, const struct usage *u)
{
	json_array(w, "days");
	for (int i = 0; i < u->count; i++) {
		json_object(w, NULL);
		json_put_str(w, "day", u->days[i].day);
		json_put_i64(w, "messages", u->days[i].messages);
		json_put_i64(w, "prompt_tokens", u->days[i].prompt_tokens);
		json_put_i64(w, "output_tokens", u->days[i].output_tokens);
		json_end(w);
	}
	json_end(w);
}

static outcome_t usage_found(struct task *t, enum err e)
{
	struct asking *a = t->state;
	int64_t now_s = clock_wall_s();
	struct json_writer *w;

	if (e != ERR_OK)
		return reply_error(t, e);
	w = reply_body(t);
	json_object(w, NULL);
	json_put_z(w, "tier", a->usage.is_pro ? "Pro" : "Basic");
	json_put_str(w, "day", a->usage.days[a->usage.count - 1].day);
	json_put_time(w, "resets_at", (now_s + DAY_S - now_s % DAY_S) * 1000000);
	put_today(w, chat_of(t), &a->usage);
	put_days(w, &a->usage);
	json_end(w);
	return reply_json(t, 200);
}
