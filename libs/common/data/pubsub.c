#include "data/redis.h"

#include <assert.h>
#include <stdlib.h>

#include "data/redis_conn.h"
#include "data/up_hooks.h"

/*
 * A channel that ends in '*' is a pattern. Every subscription is asked for again at each
 * connect; the state is "up" while all of them are confirmed.
 */
struct subscription {
	struct list link;
	struct str channel;
	pubsub_fn *fn; /* NULL: forgotten */
	void *ctx;
};

struct pubsub {
	struct redis_conn *conn;
	struct list all;    /* struct subscription.link, in the order of asking */
	struct map watches; /* struct pubsub_watch.node */
	unsigned unconfirmed;
	struct up_hooks hooks;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static bool is_pattern(struct str channel)
{
	return channel.len && channel.ptr[channel.len - 1] == '*';
}

static void check_up(struct pubsub *p)
{
	if (redis_conn_is_up(p->conn) && p->unconfirmed == 0)
		up_hooks_up(&p->hooks);
}

static void ask(struct pubsub *p, struct str channel)
{
	struct str verb = is_pattern(channel) ? STR("PSUBSCRIBE") : STR("SUBSCRIBE");

	p->unconfirmed++;
	up_hooks_hold(&p->hooks);
	redis_conn_send(p->conn, &REDIS_CMD(verb, channel), 0, STR_NONE, NULL, NULL);
}

/* Not counted: a watch has its own moment of being in force. */
static void ask_watch(struct map_node *node, void *ctx)
{
	struct pubsub *p = ctx;

	redis_conn_send(
		p->conn, &REDIS_CMD(STR("SUBSCRIBE"), node->key), 0, STR_NONE, NULL, NULL);
}

static struct pubsub_watch *find_watch(const struct pubsub *p, struct str channel)
{
	struct map_node *node = map_find(&p->watches, channel);

	return node ? container_of(node, struct pubsub_watch, node) : NULL;
}

static bool is_subscribed(const struct pubsub *p, struct str channel)
{
	for (struct list *l = p->all.next; l != &p->all; l = l->next) {
		if (str_eq(container_of(l, struct subscription, link)->channel, channel))
			return true;
	}
	return false;
}

/* Of a watch that is gone already, nothing follows. */
static void confirmed(struct pubsub *p, struct str channel)
{
	struct pubsub_watch *w = find_watch(p, channel);

	if (w) {
		w->rung(w, STR_NONE);
	} else if (p->unconfirmed > 0 && is_subscribed(p, channel)) {
		p->unconfirmed--;
		check_up(p);
	}
}

static void on_up(void *ctx)
{
	struct pubsub *p = ctx;

	p->unconfirmed = 0;
	LIST_EACH (&p->all, link)
		ask(p, container_of(link, struct subscription, link)->channel);
	map_each(&p->watches, ask_watch, p);
	check_up(p);
}

static void on_down(void *ctx)
{
	struct pubsub *p = ctx;

	up_hooks_down(&p->hooks);
}

static void deliver(
	struct pubsub *p, struct str asked, struct str channel, struct str message)
{
	struct pubsub_watch *w = find_watch(p, asked);

	if (w) {
		w->rung(w, message);
		return;
	}
	LIST_EACH (&p->all, link) {
		struct subscription *s = container_of(link, struct subscription, link);

		if (s->fn && str_eq(s->channel, asked))
			s->fn(s->ctx, channel, message);
	}
}

/* [kind, ...]: message channel text; pmessage pattern channel text; subscribe, pong, ... */
static void on_push(void *ctx, const struct redis_value *v)
{
	struct pubsub *p = ctx;
	struct str kind = redis_at(v, 0).s, second = redis_at(v, 1).s;

	if (v->kind == REDIS_ERROR) {
		redis_conn_drop(p->conn, "a subscription was refused");
	} else if (str_eq(kind, STR("message"))) {
		deliver(p, second, second, redis_at(v, 2).s);
	} else if (str_eq(kind, STR("pmessage"))) {
		deliver(p, second, redis_at(v, 2).s, redis_at(v, 3).s);
	} else if (str_eq(kind, STR("subscribe")) || str_eq(kind, STR("psubscribe"))) {
		confirmed(p, second);
	}
}

struct pubsub *pubsub_open(struct loop *loop, const char *url, const char *client_name)
{
	struct pubsub *p = calloc(1, sizeof *p);

	if (!p)
		abort();
	list_init(&p->all);
	map_init(&p->watches);
	up_hooks_init(&p->hooks, loop);
	p->conn = redis_conn_open(&(struct redis_conn_options){ .loop = loop,
		.url = url,
		.client_name = client_name,
		.up = on_up,
		.down = on_down,
		.push = on_push,
		.ctx = p });
	return p;
}

void pubsub_subscribe(struct pubsub *p, const char *channel, pubsub_fn *fn, void *ctx)
{
	struct subscription *s = calloc(1, sizeof *s);
	char *name = strdup(channel);

	if (!s || !name)
		abort();
	s->channel = str_of(name);
	s->fn = fn;
	s->ctx = ctx;
	list_push(&p->all, &s->link);
	if (redis_conn_is_up(p->conn))
		ask(p, s->channel);
}

void pubsub_watch(struct pubsub *p, struct pubsub_watch *w)
{
	assert(!map_find(&p->watches, w->node.key));
	map_insert(&p->watches, &w->node);
	if (redis_conn_is_up(p->conn))
		ask_watch(&w->node, p);
}

void pubsub_unwatch(struct pubsub *p, struct pubsub_watch *w)
{
	map_remove(&p->watches, &w->node);
	if (redis_conn_is_up(p->conn))
		redis_conn_send(p->conn, &REDIS_CMD(STR("UNSUBSCRIBE"), w->node.key), 0,
			STR_NONE, NULL, NULL);
}

void pubsub_on_up(struct pubsub *p, void (*fn)(void *ctx), void *ctx)
{
	up_hooks_add(&p->hooks, fn, ctx);
}

/* They stay in the list, unheard: it may be walked at this moment. */
void pubsub_forget(struct pubsub *p, void *ctx)
{
	up_hooks_forget(&p->hooks, ctx);
	LIST_EACH (&p->all, link) {
		struct subscription *s = container_of(link, struct subscription, link);

		if (s->ctx == ctx)
			s->fn = NULL;
	}
}

bool pubsub_is_up(const struct pubsub *p)
{
	return redis_conn_is_up(p->conn) && p->unconfirmed == 0;
}

bool pubsub_is_lost(const struct pubsub *p)
{
	return redis_conn_is_lost(p->conn);
}

static void on_closed(void *ctx)
{
	struct pubsub *p = ctx;
	struct list *link;

	while ((link = list_pop(&p->all))) {
		struct subscription *s = container_of(link, struct subscription, link);

		free((char *)s->channel.ptr);
		free(s);
	}
	map_fini(&p->watches);
	up_hooks_fini(&p->hooks);
	if (p->closed)
		p->closed(p->closed_ctx);
	free(p);
}

void pubsub_close(struct pubsub **pubsub, void (*cb)(void *ctx), void *ctx)
{
	struct pubsub *p = *pubsub;

	*pubsub = NULL;
	p->closed = cb;
	p->closed_ctx = ctx;
	redis_conn_close(&p->conn, on_closed, p);
}
