// needs: tests/flow/gateway_fixture.c
/* Whatever is wrong with a token, the gateway's answer is one and the same, and no service
 * hears of it. What all may be wrong: tests/unit/token_test.c. */
#include <stdio.h>
#include <stdlib.h>

#include "secure/secret.h"
#include "secure/token.h"
#include "tests/flow/gateway_fixture.h"
#include "tests/lib/forger.h"

#define HOST "Host: api.example.com\r\n"

static struct token_key key;
static struct buf private_pem, public_pem;

static void start(void)
{
	const char *settings[2] = { NULL, NULL };

	token_keygen(&private_pem, &public_pem);
	CHECK(!token_key_private(&key, buf_cstr(&private_pem)));
	settings[0] = fixture_format("JWT_PUBLIC_KEY=%s", buf_cstr(&public_pem));
	fixture_start(settings);
}

static void stop(void)
{
	fixture_stop();
	token_key_fini(&key);
	buf_fini(&private_pem);
	buf_fini(&public_pem);
}

static int get(const char *path, const char *fields)
{
	return ask(
		str_of(fixture_format("GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, fields)));
}

static int get_as(const char *path, struct str token)
{
	return ask(arena_fmt(&fx.arena,
		"GET %s HTTP/1.1\r\n" HOST "Authorization: Bearer %.*s\r\n\r\n", path,
		STR_ARG(token)));
}

/* The last answer without what is of one request: its id. */
static struct str answer_of_all(void)
{
	struct str id = client_field(&fx.client, "X-Request-Id");
	struct str body = arena_dup(&fx.arena, buf_str(&fx.client.body));
	char *at = memmem(body.ptr, body.len, id.ptr, id.len);

	CHECK(id.len && at);
	if (at)
		memset(at, '.', id.len);
	return arena_fmt(&fx.arena, "%d %.*s %.*s", fx.client.status,
		STR_ARG(client_field(&fx.client, "WWW-Authenticate")), STR_ARG(body));
}

static struct str hs256_with_the_public_key(struct str claims)
{
	struct arena *a = &fx.arena;
	struct str h = base64url_encode(a, forge_head(a, &key, "\"HS256\"", NULL, ""));
	struct str c = base64url_encode(a, claims);
	struct str text = arena_fmt(a, "%.*s.%.*s", STR_ARG(h), STR_ARG(c)), s;
	uint8_t mac[32];

	hmac_sha256(buf_str(&public_pem), text, mac);
	s = base64url_encode(a, str_span((const char *)mac, sizeof mac));
	return arena_fmt(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(s));
}

static struct str with_head(const char *alg, const char *typ, const char *more)
{
	struct arena *a = &fx.arena;

	return forge(a, &key, forge_head(a, &key, alg, typ, more),
		forge_claims(a, NULL, NULL, ""));
}

static struct str with_claim(const char *name, const char *value)
{
	struct arena *a = &fx.arena;

	return forge(a, &key, forge_head(a, &key, NULL, NULL, ""),
		forge_claims(a, name, value, ""));
}

static struct str with_kid(const char *kid)
{
	struct arena *a = &fx.arena;

	return forge(a, &key,
		arena_fmt(a, "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", kid),
		forge_claims(a, NULL, NULL, ""));
}

static void check_refused(const char *what, struct str token, struct str want)
{
	CHECK_INT(get_as("/user/me", token), 401);
	if (!str_eq(answer_of_all(), want))
		test_fail(__FILE__, __LINE__, "%s: %.*s", what, STR_ARG(answer_of_all()));
}

TEST(every_bad_token_has_the_same_answer)
{
	start();
	struct arena *a = &fx.arena;
	struct str good = with_claim(NULL, NULL), c = forge_claims(a, NULL, NULL, ""), want;
	size_t head = str_find(good, '.'), sig = good.len - 86;
	const struct {
		const char *what;
		struct str token;
	} rows[] = {
		{ "alg none", with_head("\"none\"", NULL, "") },
		{ "alg None", with_head("\"NoNe\"", NULL, "") },
		{ "alg null", with_head("null", NULL, "") },
		{ "HS256 with the public key", hs256_with_the_public_key(c) },
		{ "no signature", str_span(good.ptr, sig) },
		{ "half a signature", str_span(good.ptr, sig + 43) },
		{ "of one byte", arena_fmt(a, "%.*sAA", (int)sig, good.ptr) },
		{ "all zero", arena_fmt(a, "%.*s%086d", (int)sig, good.ptr, 0) },
		{ "jwk", with_head(NULL, NULL, ",\"jwk\":{}") },
		{ "jku", with_head(NULL, NULL, ",\"jku\":\"https://127.0.0.1/\"") },
		{ "x5u", with_head(NULL, NULL, ",\"x5u\":\"https://127.0.0.1/\"") },
		{ "x5c", with_head(NULL, NULL, ",\"x5c\":[]") },
		{ "crit", with_head(NULL, NULL, ",\"crit\":[\"exp\"]") },
		{ "unknown kid", with_kid("AAAAAAAAAAAAAAAA") },
		{ "overlong kid",
			with_kid("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") },
		{ "a path as kid", with_kid("../../../dev/null") },
		{ "typ", with_head(NULL, "\"JWT\"", "") },
		{ "iss", with_claim("iss", "\"other\"") },
		{ "aud", with_claim("aud", "\"other\"") },
		{ "no exp", with_claim("exp", NULL) },
		{ "past exp", with_claim("exp", "1600000000") },
		{ "exp in words", with_claim("exp", "\"9999999999\"") },
		{ "broken exp", with_claim("exp", "9999999999.5") },
		{ "huge exp", with_claim("exp", "9007199254740993") },
		{ "nbf ahead", with_claim("nbf", "9999999999") },
		{ "iat ahead", with_claim("iat", "9999999999") },
		{ "two alg", with_head(NULL, NULL, ",\"alg\":\"EdDSA\"") },
		{ "two exp", forge(a, &key, forge_head(a, &key, NULL, NULL, ""),
				     forge_claims(a, NULL, NULL, ",\"exp\":9999999999")) },
		{ "two parts", str_span(good.ptr, sig - 1) },
		{ "four parts", arena_fmt(a, "%.*s.x", STR_ARG(good)) },
		{ "five parts", arena_fmt(a, "%.*s.x.y", STR_ARG(good)) },
		{ "a part is empty", str_from(good, head) },
		{ "unused bits", arena_fmt(a, "%.*s%c", (int)good.len - 1, good.ptr,
					 good.ptr[good.len - 1] + 1) },
	};

	CHECK_INT(get("/user/me", "Authorization: Bearer x\r\n"), 401);
	want = answer_of_all();
	CHECK(str_starts(want, STR("401 Bearer error=\"invalid_token\" {")));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_refused(rows[i].what, rows[i].token, want);
	CHECK_INT(sent_count(), 0);
	CHECK_INT(get_as("/user/me", good), 200);
	stop();
}

TEST(what_is_no_bearer_token_has_that_answer_too)
{
	static const char *const odd[] = { "a.b.c=", "a.b c", "a,b", "a/b+c",
		"{\"payload\":\"e30\"}" };
	static char big[5000];

	start();
	CHECK_INT(get("/user/me", "Authorization: Bearer x\r\n"), 401);
	struct str want = answer_of_all(), padded;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		check_refused(odd[i], str_of(odd[i]), want);
	memset(big, ' ', sizeof big - 1);
	memcpy(big, ",\"x\":\"", 6);
	big[3000] = '"';
	big[3001] = '\0';
	padded = forge(&fx.arena, &key, forge_head(&fx.arena, &key, NULL, NULL, ""),
		forge_claims(&fx.arena, NULL, NULL, big));
	CHECK(padded.len > TOKEN_MAX && padded.len < 8000);
	check_refused("more than 4 KiB", padded, want);
	stop();
}

/* RFC 6750 2.2 and 2.3 are not offered. */
TEST(a_token_is_taken_from_its_field_alone)
{
	start();
	struct str good = with_claim(NULL, NULL);

	CHECK_INT(
		get(fixture_format("/user/me?access_token=%.*s", STR_ARG(good)), ""), 401);
	CHECK_STR(client_field(&fx.client, "WWW-Authenticate"),
		STR("Bearer realm=\"castor\""));
	CHECK_INT(get("/user/me",
			  fixture_format("Cookie: access_token=%.*s\r\n", STR_ARG(good))),
		401);
	CHECK_INT(get("/user/me",
			  fixture_format("Authorization: bearer %.*s\r\n", STR_ARG(good))),
		200);
	CHECK_INT(get("/user/me", fixture_format("Authorization: Bearer %.*s\r\n"
						 "Authorization: Bearer %.*s\r\n",
					  STR_ARG(good), STR_ARG(good))),
		400);
	CHECK_INT(sent_count(), 1);
	stop();
}
