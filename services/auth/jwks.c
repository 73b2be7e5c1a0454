/* GET /.well-known/jwks.json: the keys that access tokens can be checked with; while they
 * change, the one that signs and the one that did, or will. */
#include "auth.h"

outcome_t jwks_get(struct task *t)
{
	struct buf out = { 0 };

	verifier_jwks(t->app->verifier, &out);
	reply_header(t, STR("Cache-Control"), STR("public, max-age=300"));
	struct str text = arena_dup(&t->arena, buf_str(&out));

	buf_fini(&out);
	return reply_bytes(t, 200, STR("application/jwk-set+json"), text);
}
