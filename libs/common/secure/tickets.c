#include "secure/tickets.h"

#include <openssl/crypto.h>

#include "base/id.h"
#include "secure/secret.h"

#define PERIOD_S 43200

static void derive(struct ticket_ring *ring, const char *purpose, uint8_t out[32])
{
	secret_derive(
		str_span((const char *)ring->secret, sizeof ring->secret), purpose, out);
}

static void step(struct ticket_ring *ring)
{
	uint8_t name[32], next[32];

	ring->key[1] = ring->key[0];
	derive(ring, "ticket:name", name);
	memcpy(ring->key[0].name, name, sizeof ring->key[0].name);
	derive(ring, "ticket:cipher", ring->key[0].cipher);
	derive(ring, "ticket:mac", ring->key[0].mac);
	derive(ring, "ticket:next", next);
	memcpy(ring->secret, next, sizeof next);
	OPENSSL_cleanse(next, sizeof next);
	ring->period++;
}

void tickets_init(struct ticket_ring *ring, int64_t now_s)
{
	random_bytes(ring->secret, sizeof ring->secret);
	ring->period = now_s / PERIOD_S - 2;
	tickets_turn(ring, now_s);
}

void tickets_turn(struct ticket_ring *ring, int64_t now_s)
{
	while (ring->period < now_s / PERIOD_S)
		step(ring);
}
