#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "secure/secret.h"
#include "secure/token.h"
#include "secure/token_verify.h"

#define VERDICTS 16384 /* tokens remembered */

/* A token that was good when it was checked. Bad ones are not remembered: they would let
 * anybody displace the good ones. */
struct verdict {
	struct map_node node; /* in verifier.by_digest; key empty: free */
	uint8_t digest[32];   /* SHA-256 of the whole token */
	struct identity who;
	bool recent; /* asked for since the hand last passed */
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
	struct verdict *verdicts; /* VERDICTS; untouched pages cost nothing */
	size_t hand;              /* the next that may have to make room */
	struct map by_digest;
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
	v->verdicts = calloc(VERDICTS, sizeof *v->verdicts);
	if (!v->verdicts)
		abort();
	map_init(&v->by_digest);
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
	LIST_EACH (&v->by_age, link)
		forget(v, container_of(link, struct ended, link));
	map_fini(&v->ended);
	map_fini(&v->by_digest);
	free(v->verdicts);
	while (v->key_count)
		token_key_fini(&v->keys[--v->key_count]);
	free(v);
}

void verifier_jwks(const struct verifier *v, struct buf *out)
{
	struct json_writer w = json_writer(out);

	json_object(&w, NULL);
	json_array(&w, "keys");
	for (size_t i = 0; i < v->key_count; i++) {
		if (v->keys[i].pair)
			token_key_jwk(&v->keys[i], &w);
	}
	json_end(&w);
	json_end(&w);
}

/* What was asked for since the hand last passed stays for one more round. */
static struct verdict *make_room(struct verifier *v)
{
	struct verdict *p;

	for (;;) {
		p = &v->verdicts[v->hand];
		v->hand = (v->hand + 1) % VERDICTS;
		if (!p->recent)
			break;
		p->recent = false;
	}
	if (p->node.key.len)
		map_remove(&v->by_digest, &p->node);
	return p;
}

static struct verdict *remember(
	struct verifier *v, const uint8_t digest[32], const struct identity *who)
{
	struct verdict *p = make_room(v);

	memcpy(p->digest, digest, sizeof p->digest);
	p->who = *who;
	p->node.key = str_span((const char *)p->digest, sizeof p->digest);
	map_insert(&v->by_digest, &p->node);
	return p;
}

/* From memory, or by checking it now; NULL: it is not good. */
static const struct identity *verdict_on(
	struct verifier *v, struct str token, int64_t now_s)
{
	uint8_t digest[32];
	struct identity who;
	const char *problem;

	sha256(token, digest);
	struct map_node *known = map_find(
		&v->by_digest, str_span((const char *)digest, sizeof digest));

	if (known) {
		struct verdict *p = container_of(known, struct verdict, node);

		p->recent = true;
		return &p->who;
	}
	problem = token_verify(v->keys, v->key_count, token, now_s, &who);
	if (problem) {
		log_info("token-refused", L_Z("reason", problem));
		return NULL;
	}
	return &remember(v, digest, &who)->who;
}

static struct ended *find_ended(const struct verifier *v, const struct uuid *session_id)
{
	if (v->ended.count == 0)
		return NULL;
	struct map_node *node = map_find(&v->ended, uuid_bytes(session_id));

	return node ? container_of(node, struct ended, node) : NULL;
}

bool verifier_session_ended(const struct verifier *v, const struct uuid *session_id)
{
	return find_ended(v, session_id) != NULL;
}

enum err verifier_check(struct verifier *v, struct str token, struct identity *out)
{
	int64_t now_s = clock_wall_s();
	const struct identity *who;

	if (token.len == 0 || token.len > TOKEN_MAX)
		return ERR_DENIED;
	who = verdict_on(v, token, now_s);
	if (!who || who->expires_at_s <= now_s || find_ended(v, &who->session_id))
		return ERR_DENIED;
	*out = *who;
	return ERR_OK;
}

void verifier_revoke(
	struct verifier *v, const struct uuid *session_id, int64_t forget_after_s)
{
	int64_t now_s = clock_wall_s();
	struct ended *s;

	LIST_EACH (&v->by_age, link) {
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
