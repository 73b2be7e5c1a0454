#include "data/jobq_group.h"

#include <stdio.h>

#define DEAD_MS "3600000"

/* Deleting a consumer forgets what it holds: only those that hold nothing may go. */
static struct redis_script leave = { .name = "jobq-leave",
	.lua = "if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 "
	       "then"
	       " redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end" };

/* Each consumer is a flat list: name, <its name>, pending, <n>, idle, <ms>, ... */
static struct redis_script tidy = { .name = "jobq-tidy",
	.lua = "for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do"
	       " if c[2] ~= ARGV[2] and c[4] == 0 and c[6] > tonumber(ARGV[3]) then"
	       " redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], c[2]) end end" };

void jobq_takeover_init(struct jobq_takeover *t, const struct jobq_hand *hand,
	void (*found)(void *ctx, unsigned stream, const struct redis_value *entries),
	void *ctx)
{
	*t = (struct jobq_takeover){ .hand = hand, .found = found, .ctx = ctx };
	for (unsigned i = 0; i < hand->count; i++)
		t->search[i] =
			(struct jobq_search){ .takeover = t, .stream = i, .cursor = "0-0" };
}

/* [where to go on, entries, ids of deleted ones (from Redis 7 on)] */
static void on_found(void *ctx, enum err e, const struct redis_value *v)
{
	struct jobq_search *s = ctx;
	struct jobq_takeover *t = s->takeover;
	struct redis_value cursor, entries;

	s->asking = false;
	if (e != ERR_OK) {
		t->found(t->ctx, s->stream, NULL);
		return;
	}
	cursor = redis_at(v, 0);
	entries = redis_at(v, 1);
	snprintf(s->cursor, sizeof s->cursor, "%.*s", STR_ARG(cursor.s));
	t->found(t->ctx, s->stream, &entries);
}

static void search(struct jobq_search *s, unsigned count)
{
	const struct jobq_hand *h = s->takeover->hand;
	char counted[12], idle[24];

	if (s->asking)
		return;
	s->asking = true;
	snprintf(counted, sizeof counted, "%u", count);
	snprintf(idle, sizeof idle, "%llu", (unsigned long long)h->idle_ms);
	redis_send(h->redis,
		&REDIS_CMD(STR("XAUTOCLAIM"), str_of(h->streams[s->stream]),
			str_of(h->group), str_of(h->consumer), str_of(idle),
			str_of(s->cursor), STR("COUNT"), str_of(counted)),
		on_found, s);
}

void jobq_takeover_search(struct jobq_takeover *t, unsigned count)
{
	for (unsigned i = 0; i < t->hand->count; i++)
		search(&t->search[i], count);
}

bool jobq_takeover_is_asking(const struct jobq_takeover *t)
{
	for (unsigned i = 0; i < t->hand->count; i++) {
		if (t->search[i].asking)
			return true;
	}
	return false;
}

void jobq_group_tidy(const struct jobq_hand *h)
{
	for (unsigned i = 0; i < h->count; i++)
		redis_send_eval(h->redis, &tidy, 1,
			&REDIS_CMD(str_of(h->streams[i]), str_of(h->group),
				str_of(h->consumer), STR(DEAD_MS)),
			NULL, NULL);
}

void jobq_group_leave(const struct jobq_hand *h, redis_done_fn *done, void *ctx)
{
	for (unsigned i = 0; i < h->count; i++)
		redis_send_eval(h->redis, &leave, 1,
			&REDIS_CMD(str_of(h->streams[i]), str_of(h->group),
				str_of(h->consumer)),
			done, ctx);
}
