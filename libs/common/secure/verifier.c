#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "secure/secret.h"
#include "secure/token.h"
#include "secure/token_verify.h"

/*
 * Verdicts: a token's digest names its set; of the WAYS in it the one that expires first
 * makes room. Only good tokens are remembered, so nobody outside chooses what is displaced.
 */
#define SETS 4096
#define WAYS 4

struct verdict {
	uint8_t digest[32];  /* SHA-256 of the whole token */
	struct identity who; /* expires_at_s 0: free */
};

/* A session that is over, remembered until its last token has expired. */
struct ended {
	struct map_node node; /* in verifier.ended, by id */
	struct list link;     /* in verifier.by_age */
	struct uuid id;
	int64_t forget_after_s;
};

struct verifier {
	struct token_key keys[TOKEN_KEYS_MAX];
	size_t key_count;
	struct verdict (*verdicts)[WAYS]; /* untouched pages cost nothing */
	struct map ended;
	struct list by_age; /* the oldest first */
};

struct verifier *verifier_new(
	const char *public_pems, const char *secret_key, const char **why)
{
	struct verifier *v = calloc(1, sizeof *v);
	const char *problem;

	if (!v)
		abort();
	v->key_count = 1;
	problem = public_pems ? token_keys_public(v->keys, &v->key_count, public_pems)
			      : token_key_hs256(v->keys, secret_key);
	if (problem) {
		*why = problem;
		free(v);
		return NULL;
	}
	v->verdicts = calloc(SETS, sizeof *v->verdicts);
	if (!v->verdicts)
		abort();
	map_init(&v->ended);
	list_init(&v->by_age);
	return v;
}

static void forget(struct verifier *v, struct ended *s)
{
	map_remove(&v->ended, &s->node);
	list_del(&s->link);
	free(s);
}

void verifier_free(struct verifier **vp)
{
	struct verifier *v = *vp;

	if (!v)
		return;
	*vp = NULL;
	LIST_EACH(&v->by_age, link)
	forget(v, container_of(link, struct ended, link));
	map_fini(&v->ended);
	free(v->verdicts);
	while (v->key_count)
		token_key_fini(&v->keys[--v->key_count]);
	free(v);
}

/* The remembered verdict, or the place where a new one belongs. */
static struct verdict *find_verdict(struct verifier *v, const uint8_t digest[32])
{
	struct verdict *set = v->verdicts[(digest[0] << 8 | digest[1]) % SETS];
	struct verdict *place = set;

	for (int i = 0; i < WAYS; i++) {
		if (memcmp(set[i].digest, digest, 32) == 0)
			return &set[i];
		if (set[i].who.expires_at_s < place->who.expires_at_s)
			place = &set[i];
	}
	return place;
}

static struct ended *find_ended(const struct verifier *v, const struct uuid *session_id)
{
	struct map_node *node = map_find(&v->ended, uuid_bytes(session_id));

	return node ? container_of(node, struct ended, node) : NULL;
}

enum err verifier_check(struct verifier *v, struct str token, struct identity *out)
{
	int64_t now_s = clock_wall_s();
	uint8_t digest[32];

	if (token.len == 0 || token.len > TOKEN_MAX)
		return ERR_DENIED;
	sha256(token, digest);
	struct verdict *known = find_verdict(v, digest);

	if (memcmp(known->digest, digest, 32) != 0) {
		struct identity who;
		const char *problem = token_verify(
			v->keys, v->key_count, token, now_s, &who);

		if (problem) {
			log_info("token-refused", L_Z("reason", problem));
			return ERR_DENIED;
		}
		memcpy(known->digest, digest, 32);
		known->who = who;
	}
	if (known->who.expires_at_s <= now_s || find_ended(v, &known->who.session_id))
		return ERR_DENIED;
	*out = known->who;
	return ERR_OK;
}

void verifier_revoke(
	struct verifier *v, const struct uuid *session_id, int64_t forget_after_s)
{
	int64_t now_s = clock_wall_s();
	struct ended *s;

	LIST_EACH(&v->by_age, link)
	{
		s = container_of(link, struct ended, link);
		if (s->forget_after_s > now_s)
			break;
		forget(v, s);
	}
	s = find_ended(v, session_id);
	if (s || forget_after_s <= now_s) {
		if (s && s->forget_after_s < forget_after_s)
			s->forget_after_s = forget_after_s;
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->id = *session_id;
	s->forget_after_s = forget_after_s;
	s->node.key = uuid_bytes(&s->id);
	map_insert(&v->ended, &s->node);
	list_push(&v->by_age, &s->link);
}
