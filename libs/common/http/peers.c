#include "http/peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "http/exchange.h"

struct peer {
	struct map_node node;
	unsigned connections;
	uint64_t tokens_milli; /* thousandths of a new connection that are still allowed */
	uint64_t filled_ms;    /* when tokens were last added */
	char address[PEER_SIZE];
};

struct peers {
	struct map map;
	unsigned at_once, rate;
	uint64_t now_ms;
};

struct peers *peers_new(unsigned at_once, unsigned rate)
{
	struct peers *p = calloc(1, sizeof *p);

	if (!p)
		abort();
	map_init(&p->map);
	p->at_once = at_once;
	p->rate = rate;
	return p;
}

static void drop(struct map_node *node, void *ctx)
{
	struct peers *p = ctx;

	map_remove(&p->map, node);
	free(container_of(node, struct peer, node));
}

void peers_free(struct peers **p)
{
	if (!*p)
		return;
	map_each(&(*p)->map, drop, *p);
	map_fini(&(*p)->map);
	free(*p);
	*p = NULL;
}

static struct peer *find_or_add(struct peers *p, const char *address, uint64_t now_ms)
{
	struct map_node *node = map_find(&p->map, str_of(address));
	struct peer *one;

	if (node)
		return container_of(node, struct peer, node);
	one = calloc(1, sizeof *one);
	if (!one)
		abort();
	snprintf(one->address, sizeof one->address, "%s", address);
	one->node.key = str_of(one->address);
	one->tokens_milli = p->rate * 1000ull;
	one->filled_ms = now_ms;
	map_insert(&p->map, &one->node);
	return one;
}

static void refill(const struct peers *p, struct peer *one, uint64_t now_ms)
{
	uint64_t full = p->rate * 1000ull;

	one->tokens_milli += (now_ms - one->filled_ms) * p->rate;
	if (one->tokens_milli > full)
		one->tokens_milli = full;
	one->filled_ms = now_ms;
}

struct peer *peers_enter(struct peers *p, const char *address, uint64_t now_ms)
{
	struct peer *one = find_or_add(p, address, now_ms);

	refill(p, one, now_ms);
	if (p->at_once && one->connections >= p->at_once)
		return NULL;
	if (p->rate && one->tokens_milli < 1000)
		return NULL;
	if (p->rate)
		one->tokens_milli -= 1000;
	one->connections++;
	return one;
}

void peers_leave(struct peers *p, struct peer *one)
{
	(void)p; /* the entry stays until the sweep: its tokens must not be forgotten */
	one->connections--;
}

static void sweep(struct map_node *node, void *ctx)
{
	struct peers *p = ctx;
	struct peer *one = container_of(node, struct peer, node);

	refill(p, one, p->now_ms);
	if (one->connections == 0 && one->tokens_milli == p->rate * 1000ull)
		drop(node, p);
}

void peers_sweep(struct peers *p, uint64_t now_ms)
{
	p->now_ms = now_ms;
	map_each(&p->map, sweep, p);
}
