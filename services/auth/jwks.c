/* GET /.well-known/jwks.json: the key that access tokens can be checked with. */
#include "auth.h"

outcome_t jwks_get(struct task *t)
{
	struct buf out = { 0 };

	token_jwks(auth_of(t)->signer, &out);
	reply_header(t, STR("Cache-Control"), STR("public, max-age=300"));
	struct str text = arena_dup(&t->arena, buf_str(&out));

	buf_fini(&out);
	return reply_bytes(t, 200, STR("application/jwk-set+json"), text);
}
