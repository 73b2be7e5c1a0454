#include "secure/tickets.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "base/id.h"
#include "secure/secret.h"

#define PERIOD_S 43200

/* ---- own ---- */

static void derive(const uint8_t secret[32], const char *purpose, uint8_t out[32])
{
	secret_derive(str_span((const char *)secret, 32), purpose, out);
}

static void step(struct ticket_ring *ring)
{
	uint8_t name[32], next[32];

	ring->own[1] = ring->own[0];
	derive(ring->secret, "ticket:name", name);
	memcpy(ring->own[0].name, name, sizeof ring->own[0].name);
	derive(ring->secret, "ticket:cipher", ring->own[0].cipher);
	derive(ring->secret, "ticket:mac", ring->own[0].mac);
	derive(ring->secret, "ticket:next", next);
	memcpy(ring->secret, next, sizeof next);
	OPENSSL_cleanse(next, sizeof next);
	ring->period++;
}

/* ---- common ---- */

static void derive_for(
	const uint8_t secret[32], const char *what, int64_t period, uint8_t out[32])
{
	char purpose[64];

	snprintf(purpose, sizeof purpose, "ticket:%s:%lld", what, (long long)period);
	derive(secret, purpose, out);
}

static void make_common(struct ticket_ring *ring)
{
	static const int periods[TICKETS_COMMON] = { 0, -1, 1 };
	uint8_t name[32];

	for (int i = 0; i < TICKETS_COMMON; i++) {
		struct ticket_key *k = &ring->common[i];
		int64_t period = ring->period + periods[i];

		derive_for(ring->common_secret, "name", period, name);
		memcpy(k->name, name, sizeof k->name);
		derive_for(ring->common_secret, "cipher", period, k->cipher);
		derive_for(ring->common_secret, "mac", period, k->mac);
	}
}

void tickets_share(struct ticket_ring *ring, const uint8_t secret[32])
{
	ring->is_shared = secret != NULL;
	if (!secret)
		return;
	memcpy(ring->common_secret, secret, sizeof ring->common_secret);
	make_common(ring);
}

/* ---- the ring ---- */

void tickets_init(struct ticket_ring *ring, int64_t now_s)
{
	*ring = (struct ticket_ring){ .period = now_s / PERIOD_S - 2 };
	random_bytes(ring->secret, sizeof ring->secret);
	tickets_turn(ring, now_s);
}

void tickets_turn(struct ticket_ring *ring, int64_t now_s)
{
	if (ring->period >= now_s / PERIOD_S)
		return;
	while (ring->period < now_s / PERIOD_S)
		step(ring);
	if (ring->is_shared)
		make_common(ring);
}

const struct ticket_key *tickets_keys(
	const struct ticket_ring *ring, bool common, int *count)
{
	common = common && ring->is_shared;
	*count = common ? TICKETS_COMMON : TICKETS_OWN;
	return common ? ring->common : ring->own;
}
