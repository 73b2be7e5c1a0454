/*
 * map - an intrusive hash table from bytes to things.
 *
 * Use:   embed a struct map_node; set its key (which the node's owner keeps alive) and
 *        map_insert. Hashing is SipHash with a key drawn at map_init, so outside keys
 *        cannot be chosen to collide.
 * Owns:  its bucket array, never the nodes.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

struct map_node {
	struct map_node *next; /* in the same bucket */
	uint64_t hash;
	struct str key;
};

struct map {
	struct map_node **buckets;
	size_t count;
	size_t mask; /* number of buckets - 1 */
	uint64_t seed[2];
};

void map_init(struct map *m);
void map_fini(struct map *m);

struct map_node *map_find(const struct map *m, struct str key);
/* The key must not be in the map already. */
void map_insert(struct map *m, struct map_node *node);
void map_remove(struct map *m, struct map_node *node);

/* Walks all nodes in no order; `fn` may remove the node it is given. */
void map_each(struct map *m, void (*fn)(struct map_node *node, void *ctx), void *ctx);

uint64_t siphash(const uint64_t seed[2], struct str bytes);

#endif
