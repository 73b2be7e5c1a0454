#include "streams.h"

#include <stdlib.h>

#include "base/clock.h"
#include "http/reply.h"

#define TICK_MS 100

struct user_streams {
	struct map_node node; /* key: user_id */
	struct uuid user_id;
	unsigned count;
};

/* ---- by user ---- */

static struct user_streams *find(const struct streams *all, const struct uuid *user_id)
{
	struct map_node *node = map_find(&all->by_user, uuid_bytes(user_id));

	return node ? container_of(node, struct user_streams, node) : NULL;
}

struct user_streams *streams_enter(struct streams *all, const struct uuid *user_id)
{
	struct user_streams *u = find(all, user_id);

	if (!u) {
		u = calloc(1, sizeof *u);
		if (!u)
			abort();
		u->user_id = *user_id;
		u->node.key = uuid_bytes(&u->user_id);
		map_insert(&all->by_user, &u->node);
	}
	u->count++;
	return u;
}

void streams_leave(struct streams *all, struct user_streams **up)
{
	struct user_streams *u = *up;

	*up = NULL;
	if (--u->count)
		return;
	map_remove(&all->by_user, &u->node);
	free(u);
}

bool streams_allowed(const struct task *t)
{
	const struct user_streams *u = find(chat_of(t)->streams, &t->caller->user_id);

	return !u || u->count < chat_of(t)->streams_per_user;
}

outcome_t streams_refuse(struct task *t)
{
	static const struct problem too_many = { 429, "too_many_streams",
		"The number of open streams is limited", NULL };

	return reply_problem(t, &too_many,
		arena_fmt(&t->arena, "Only %lld streams of one user are open at a time.",
			(long long)chat_of(t)->streams_per_user)
			.ptr);
}

/* ---- all of them ---- */

static void on_tick(struct timer *timer)
{
	struct streams *all = container_of(timer, struct streams, tick);
	uint64_t now_ms = clock_mono_ms();

	LIST_EACH (&all->all, it)
		stream_check(container_of(it, struct stream, link), now_ms);
	awaits_check(all, now_ms);
}

void streams_hand_over(struct streams *all)
{
	all->handing_over = true;
	LIST_EACH (&all->all, it)
		stream_hand_over(container_of(it, struct stream, link));
	awaits_check(all, UINT64_MAX);
}

void streams_end_session(struct streams *all, const struct uuid *session_id)
{
	LIST_EACH (&all->all, it) {
		struct stream *s = container_of(it, struct stream, link);

		if (uuid_eq(&s->task->caller->session_id, session_id))
			stream_over(s, ERR_OK);
	}
	awaits_end_session(all, session_id);
}

struct streams *streams_open(struct chat *c)
{
	struct streams *all = calloc(1, sizeof *all);

	if (!all)
		abort();
	all->chat = c;
	list_init(&all->all);
	list_init(&all->awaiting);
	map_init(&all->by_user);
	timer_open(&c->app->loop, &all->tick, on_tick);
	timer_start(&all->tick, TICK_MS, TICK_MS);
	return all;
}

static void on_closed(struct timer *timer)
{
	struct streams *all = container_of(timer, struct streams, tick);

	map_fini(&all->by_user);
	buf_fini(&all->scratch);
	free(all);
}

void streams_close(struct streams **s)
{
	struct streams *all = *s;

	*s = NULL;
	timer_close(&all->tick, on_closed);
}
