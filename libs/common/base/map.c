#include "base/map.h"

#include <stdlib.h>

#include "base/id.h"

#define FIRST_BUCKETS 16

static uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
uint64_t siphash(const uint64_t seed[2], struct str bytes)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
		seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)bytes.len << 56, word;
	size_t i;

	for (i = 0; i + 8 <= bytes.len; i += 8) {
		memcpy(&word, bytes.ptr + i, 8);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t k = 0; i + k < bytes.len; k++)
		last |= (uint64_t)(unsigned char)bytes.ptr[i + k] << (8 * k);
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int r = 0; r < 4; r++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct map_node **new_buckets(size_t n)
{
	struct map_node **b = calloc(n, sizeof *b);

	if (!b)
		abort();
	return b;
}

void map_init(struct map *m)
{
	*m = (struct map){ .buckets = new_buckets(FIRST_BUCKETS),
		.mask = FIRST_BUCKETS - 1 };
	random_bytes(m->seed, sizeof m->seed);
}

void map_fini(struct map *m)
{
	free(m->buckets);
	*m = (struct map){ 0 };
}

struct map_node *map_find(const struct map *m, struct str key)
{
	uint64_t hash = siphash(m->seed, key);

	for (struct map_node *n = m->buckets[hash & m->mask]; n; n = n->next) {
		if (n->hash == hash && str_eq(n->key, key))
			return n;
	}
	return NULL;
}

static void grow(struct map *m)
{
	size_t mask = m->mask * 2 + 1;
	struct map_node **buckets = new_buckets(mask + 1), *next;

	for (size_t i = 0; i <= m->mask; i++) {
		for (struct map_node *n = m->buckets[i]; n; n = next) {
			next = n->next;
			n->next = buckets[n->hash & mask];
			buckets[n->hash & mask] = n;
		}
	}
	free(m->buckets);
	m->buckets = buckets;
	m->mask = mask;
}

void map_insert(struct map *m, struct map_node *node)
{
	if (m->count > m->mask)
		grow(m);
	node->hash = siphash(m->seed, node->key);
	node->next = m->buckets[node->hash & m->mask];
	m->buckets[node->hash & m->mask] = node;
	m->count++;
}

void map_remove(struct map *m, struct map_node *node)
{
	struct map_node **at = &m->buckets[node->hash & m->mask];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	m->count--;
}

void map_each(struct map *m, void (*fn)(struct map_node *node, void *ctx), void *ctx)
{
	struct map_node *next;

	for (size_t i = 0; i <= m->mask; i++) {
		for (struct map_node *n = m->buckets[i]; n; n = next) {
			next = n->next;
			fn(n, ctx);
		}
	}
}
