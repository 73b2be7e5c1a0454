#include "tests/lib/forger.h"

#include <stdio.h>

#include "base/clock.h"
#include "secure/secret.h"

struct str forge_parts(
	struct arena *a, const struct token_key *key, struct str head, struct str claims)
{
	struct str text = arena_fmt(a, "%.*s.%.*s", STR_ARG(head), STR_ARG(claims)), s;
	uint8_t signature[SIGNATURE_MAX];

	token_key_sign(key, text, signature);
	s = base64url_encode(
		a, str_span((const char *)signature, token_key_signature_size(key)));
	return arena_fmt(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(s));
}

struct str forge(
	struct arena *a, const struct token_key *key, struct str head, struct str claims)
{
	return forge_parts(a, key, base64url_encode(a, head), base64url_encode(a, claims));
}

struct str forge_head(struct arena *a, const struct token_key *key, const char *alg,
	const char *typ, const char *more)
{
	const char *good = key->pair ? "\"EdDSA\"" : "\"HS256\"";

	return arena_fmt(a, "{\"alg\":%s,\"kid\":\"%.*s\",\"typ\":%s%s}", alg ? alg : good,
		KID_SIZE, key->kid, typ ? typ : "\"at+jwt\"", more);
}

struct str forge_claims(
	struct arena *a, const char *name, const char *value, const char *more)
{
	int64_t now = clock_wall_s();
	char exp[24], at[24];
	const char *all[][2] = { { "iss", "\"castor\"" }, { "sub", "\"" FORGED_USER "\"" },
		{ "aud", "\"castor\"" }, { "exp", exp }, { "iat", at }, { "nbf", at },
		{ "jti", "\"" FORGED_SID "\"" }, { "sid", "\"" FORGED_SID "\"" },
		{ "auth_time", at } };
	struct str out = STR("{");

	snprintf(exp, sizeof exp, "%lld", (long long)now + 900);
	snprintf(at, sizeof at, "%lld", (long long)now);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const char *v = name && !strcmp(name, all[i][0]) ? value : all[i][1];

		if (v)
			out = arena_fmt(a, "%.*s%s\"%s\":%s", STR_ARG(out),
				out.len > 1 ? "," : "", all[i][0], v);
	}
	return arena_fmt(a, "%.*s%s}", STR_ARG(out), more);
}
