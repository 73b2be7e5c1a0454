// covers: libs/common/secure/token_verify.c
/* Tokens. The bytes are taken as they come, which must never give a good token; and, cut at
 * the first line feed, as header and claims that our own key then signs: what passes must
 * say in its claims what we think it says. */
#include <assert.h>

#include "base/log.h"
#include "secure/secret.h"
#include "secure/token.h"
#include "secure/token_verify.h"
#include "json/read.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW    1800000000

static struct token_key key;

static struct str sign(struct arena *a, struct str head, struct str claims)
{
	uint8_t signature[SIGNATURE_MAX];
	struct str h = base64url_encode(a, head), c = base64url_encode(a, claims);
	struct str text = arena_fmt(a, "%.*s.%.*s", STR_ARG(h), STR_ARG(c));

	token_key_sign(&key, text, signature);
	struct str s = base64url_encode(a, str_span((const char *)signature, 32));

	return arena_fmt(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(s));
}

static void check_claims(struct arena *a, struct str claims, const struct identity *who)
{
	const struct json *j;
	const char *why;
	struct uuid id;
	int64_t n;

	assert(json_parse(a, claims, NULL, &j, &why) == ERR_OK);
	assert(json_i64(json_get(j, "exp"), &n) && n == who->expires_at_s && n > NOW);
	assert(json_i64(json_get(j, "nbf"), &n) && n <= NOW + 60);
	assert(json_uuid(json_get(j, "sub"), &id) && uuid_eq(&id, &who->user_id));
	assert(json_uuid(json_get(j, "sid"), &id) && uuid_eq(&id, &who->session_id));
	assert(str_eq(json_text(json_get(j, "aud")), STR(TOKEN_AUDIENCE)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_span((const char *)data, size), token;
	struct identity who;
	struct arena a;
	size_t cut = str_find(text, '\n');

	if (size > TOKEN_MAX)
		return 0;
	arena_init(&a);
	if (!key.kid[0])
		assert(!token_key_hs256(&key, SECRET));
	assert(token_verify(&key, 1, text, NOW, &who) != NULL);
	if (token_of_header(text, &token))
		assert(token.len > 0 && str_ends(text, token));

	/* "$" stands for our own kid, which no input could guess. */
	struct str head = str_span(text.ptr, cut), claims = str_from(text, cut + 1);
	size_t at = str_find(head, '$');

	if (at < head.len) {
		struct str tail = str_from(head, at + 1);

		head = arena_fmt(
			&a, "%.*s%.16s%.*s", (int)at, head.ptr, key.kid, STR_ARG(tail));
	}
	if (!token_verify(&key, 1, sign(&a, head, claims), NOW, &who))
		check_claims(&a, claims, &who);
	arena_fini(&a);
	return 0;
}
