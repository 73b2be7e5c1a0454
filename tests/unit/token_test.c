/* Tokens: what we sign we take, and every refusal of security-requirements 7.2 to 7.4. */
#include "secure/token.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "secure/secret.h"
#include "secure/token_key.h"
#include "tests/lib/forger.h"
#include "tests/lib/test.h"
#include "json/read.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define USER   FORGED_USER
#define SID    FORGED_SID

/* A key pair, both ends of it, and the key itself for forging. */
struct keys {
	struct arena arena;
	struct buf secret_pem, public_pem;
	struct token_signer *signer;
	struct verifier *verifier;
	struct token_key key;
};

static void keys_init(struct keys *k, bool pair)
{
	const char *why = NULL;

	*k = (struct keys){ 0 };
	log_least = LOG_WARN; /* each refusal is a line otherwise */
	arena_init(&k->arena);
	if (pair) {
		token_keygen(&k->secret_pem, &k->public_pem);
		k->signer = token_signer_new(buf_cstr(&k->secret_pem), NULL, &why);
		k->verifier = verifier_new(buf_cstr(&k->public_pem), NULL, &why);
		CHECK(!token_key_private(&k->key, buf_cstr(&k->secret_pem)));
	} else {
		k->signer = token_signer_new(NULL, SECRET, &why);
		k->verifier = verifier_new(NULL, SECRET, &why);
		CHECK(!token_key_hs256(&k->key, SECRET));
	}
	CHECK(!why && k->signer && k->verifier);
}

static void keys_fini(struct keys *k)
{
	token_signer_free(&k->signer);
	verifier_free(&k->verifier);
	token_key_fini(&k->key);
	buf_fini(&k->secret_pem);
	buf_fini(&k->public_pem);
	arena_fini(&k->arena);
}

static struct identity someone(void)
{
	struct identity who = { .auth_time_s = 1700000000 };

	CHECK(uuid_parse(STR(USER), &who.user_id) && uuid_parse(STR(SID), &who.session_id));
	return who;
}

static struct str signed_for(struct keys *k, int64_t life_s)
{
	struct identity who = someone();

	return token_sign(k->signer, &k->arena, &who, life_s);
}

static enum err check(struct keys *k, struct str token)
{
	struct identity out;

	return verifier_check(k->verifier, token, &out);
}

TEST(what_is_signed_is_taken)
{
	for (int pair = 0; pair < 2; pair++) {
		struct keys k;
		struct identity want = someone(), got = { 0 };

		keys_init(&k, pair);
		struct str token = signed_for(&k, 900);

		for (int again = 0; again < 2; again++) { /* the second time from memory */
			CHECK_INT(verifier_check(k.verifier, token, &got), ERR_OK);
			CHECK(uuid_eq(&got.user_id, &want.user_id));
			CHECK(uuid_eq(&got.session_id, &want.session_id));
			CHECK_INT(got.auth_time_s, want.auth_time_s);
			CHECK(got.expires_at_s > clock_wall_s() + 890);
		}
		keys_fini(&k);
	}
}

TEST(a_remembered_token_expires_all_the_same)
{
	struct keys k;

	keys_init(&k, true);
	struct str token = signed_for(&k, 900);

	CHECK_INT(check(&k, token), ERR_OK);
	clock_test_shift_us(901 * 1000000ll);
	CHECK_INT(check(&k, token), ERR_DENIED);
	clock_test_shift_us(0);
	CHECK_INT(check(&k, token), ERR_OK);
	keys_fini(&k);
}

TEST(an_ended_session_is_refused)
{
	struct keys k;
	struct identity who = someone();
	int64_t now = clock_wall_s();

	keys_init(&k, true);
	struct str first = signed_for(&k, 900), second = signed_for(&k, 900);

	CHECK_INT(check(&k, first), ERR_OK);
	verifier_revoke(
		k.verifier, &who.session_id, now - 1); /* long over: nothing to remember */
	CHECK_INT(check(&k, first), ERR_OK);
	verifier_revoke(k.verifier, &who.session_id, now + 900);
	verifier_revoke(k.verifier, &who.session_id, now + 950); /* told twice */
	CHECK_INT(check(&k, first), ERR_DENIED);
	CHECK_INT(check(&k, second), ERR_DENIED);
	who.session_id.b[15] ^= 1;
	CHECK_INT(check(&k, token_sign(k.signer, &k.arena, &who, 900)), ERR_OK);
	keys_fini(&k);
}

TEST(ended_sessions_are_forgotten_in_time)
{
	struct keys k;
	struct uuid id = uuid_v7();

	keys_init(&k, false);
	for (int i = 0; i < 1000; i++) {
		id = uuid_v7();
		verifier_revoke(k.verifier, &id, clock_wall_s() + 10);
	}
	clock_test_shift_us(3600 * 1000000ll);
	id = uuid_v7();
	verifier_revoke(k.verifier, &id, clock_wall_s() + 10);
	clock_test_shift_us(0);
	keys_fini(&k);
}

/* More good tokens than there is room for: each is still taken. */
TEST(the_memory_is_bounded)
{
	struct keys k;
	struct str first = STR_NONE;

	keys_init(&k, false);
	for (int i = 0; i < 20000; i++) {
		struct str token = signed_for(&k, 900 + i % 100);

		if (i == 0)
			first = token;
		CHECK_INT(check(&k, token), ERR_OK);
	}
	CHECK_INT(check(&k, first), ERR_OK);
	keys_fini(&k);
}

/* ---- forgeries ---- */

static struct str forged(struct keys *k, struct str head, struct str claims)
{
	return forge(&k->arena, &k->key, head, claims);
}

static struct str head(struct keys *k, const char *alg, const char *typ, const char *more)
{
	return forge_head(&k->arena, &k->key, alg, typ, more);
}

static struct str good_head(struct keys *k)
{
	return head(k, NULL, NULL, "");
}

static struct str claims(
	struct keys *k, const char *name, const char *value, const char *more)
{
	return forge_claims(&k->arena, name, value, more);
}

static struct str good_claims(struct keys *k)
{
	return claims(k, NULL, NULL, "");
}

TEST(the_forger_of_these_tests_can_make_good_ones)
{
	for (int pair = 0; pair < 2; pair++) {
		struct keys k;

		keys_init(&k, pair);
		CHECK_INT(check(&k, forged(&k, good_head(&k), good_claims(&k))), ERR_OK);
		CHECK_INT(check(&k, forged(&k, good_head(&k),
					    claims(&k, NULL, NULL, ",\"scope\":\"x\""))),
			ERR_OK);
		keys_fini(&k);
	}
}

TEST(bad_headers_are_refused)
{
	/* clang-format off */
	static const struct {
		const char *alg, *typ, *more;
	} rows[] = {
		{ "\"none\"", "\"at+jwt\"", "" }, { "\"None\"", "\"at+jwt\"", "" },
		{ "\"NONE\"", "\"at+jwt\"", "" }, { "\"nOnE\"", "\"at+jwt\"", "" },
		{ "\"\"", "\"at+jwt\"", "" }, { "null", "\"at+jwt\"", "" }, { "[]", "\"at+jwt\"", "" },
		{ "[\"EdDSA\"]", "\"at+jwt\"", "" }, { "\"HS256\"", "\"at+jwt\"", "" },
		{ "\"HS512\"", "\"at+jwt\"", "" }, { "\"RS256\"", "\"at+jwt\"", "" },
		{ "\"ES256\"", "\"at+jwt\"", "" }, { "\"eddsa\"", "\"at+jwt\"", "" },
		{ "\"EdDSA \"", "\"at+jwt\"", "" }, { "\"EdDSA\"", "\"JWT\"", "" },
		{ "\"EdDSA\"", "\"AT+JWT\"", "" }, { "\"EdDSA\"", "\"\"", "" }, { "\"EdDSA\"", "null", "" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"jwk\":{}" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"jku\":\"http://127.0.0.1/\"" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"x5u\":\"http://127.0.0.1/\"" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"x5c\":[]" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"crit\":[\"b64\"]" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"b64\":false" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"cty\":\"JWT\"" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"zip\":\"DEF\"" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"alg\":\"EdDSA\"" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"typ\":\"at+jwt\"" },
		{ "\"EdDSA\"", "\"at+jwt\"", ",\"a\\u006cg\":\"EdDSA\"" },
	};
	/* clang-format on */
	struct keys k;

	keys_init(&k, true);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str h = head(&k, rows[i].alg, rows[i].typ, rows[i].more);

		if (check(&k, forged(&k, h, good_claims(&k))) != ERR_DENIED)
			test_fail(__FILE__, __LINE__, "taken: %.*s", STR_ARG(h));
	}
	static const char *const whole[] = { "", "[]", "null", "\"EdDSA\"", "{}",
		"{\"alg\":\"EdDSA\"}", "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"a\":1}",
		"{\"protected\":\"e30\",\"payload\":\"e30\",\"signature\":\"\"}" };

	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		CHECK_INT(check(&k, forged(&k, str_of(whole[i]), good_claims(&k))),
			ERR_DENIED);
	keys_fini(&k);
}

TEST(bad_kids_are_refused)
{
	static const char *const kids[] = { "\"\"", "null", "1", "[]",
		"\"AAAAAAAAAAAAAAAA\"", "\"../../../../dev/null\"", "\"/etc/passwd\"",
		"\"' or 1=1 --\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" };
	struct keys k;

	keys_init(&k, true);
	for (size_t i = 0; i < sizeof kids / sizeof *kids; i++) {
		struct str h = arena_fmt(&k.arena,
			"{\"alg\":\"EdDSA\",\"kid\":%s,\"typ\":\"at+jwt\"}", kids[i]);

		CHECK_INT(check(&k, forged(&k, h, good_claims(&k))), ERR_DENIED);
	}
	/* one character more, one less */
	for (int len = 15; len <= 17; len++) {
		struct str h = arena_fmt(&k.arena,
			"{\"alg\":\"EdDSA\",\"kid\":\"%.*s%s\",\"typ\":\"at+jwt\"}",
			len < 16 ? len : 16, k.key.kid, len > 16 ? "A" : "");

		CHECK_INT(check(&k, forged(&k, h, good_claims(&k))),
			len == 16 ? ERR_OK : ERR_DENIED);
	}
	keys_fini(&k);
}

TEST(bad_claims_are_refused)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "iss", NULL }, { "iss", "\"\"" }, { "iss", "\"Castor\"" }, { "iss", "[\"castor\"]" },
		{ "aud", NULL }, { "aud", "\"other\"" }, { "aud", "null" }, { "aud", "[\"castor\"]" },
		{ "exp", NULL }, { "exp", "null" }, { "exp", "0" }, { "exp", "-1" }, { "exp", "1600000000" },
		{ "exp", "\"9999999999\"" }, { "exp", "9999999999.5" }, { "exp", "9999999999.0" },
		{ "exp", "1e10" }, { "exp", "9007199254740993" }, { "exp", "9223372036854775807" },
		{ "exp", "99999999999999999999" }, { "exp", "true" },
		{ "iat", NULL }, { "iat", "9999999999" }, { "iat", "\"1\"" }, { "iat", "-1" },
		{ "nbf", NULL }, { "nbf", "9999999999" }, { "nbf", "1.5" },
		{ "auth_time", NULL }, { "auth_time", "\"now\"" },
		{ "sub", NULL }, { "sub", "\"\"" }, { "sub", "1" }, { "sub", "\"admin\"" },
		{ "sid", NULL }, { "sid", "\"x\"" }, { "jti", NULL }, { "jti", "7" },
	};
	/* clang-format on */
	struct keys k;

	keys_init(&k, true);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str token = forged(
			&k, good_head(&k), claims(&k, rows[i][0], rows[i][1], ""));

		if (check(&k, token) != ERR_DENIED)
			test_fail(__FILE__, __LINE__, "taken: %s = %s", rows[i][0],
				rows[i][1]);
	}
	CHECK_INT(check(&k, forged(&k, good_head(&k),
				    claims(&k, NULL, NULL, ",\"sub\":\"" SID "\""))),
		ERR_DENIED);
	CHECK_INT(check(&k, forged(&k, good_head(&k),
				    claims(&k, NULL, NULL, ",\"e\\u0078p\":9999999999"))),
		ERR_DENIED);
	CHECK_INT(check(&k, forged(&k, good_head(&k),
				    claims(&k, "exp", "9007199254740992", ""))),
		ERR_OK); /* 2^53, the last that everybody reads alike */
	CHECK_INT(check(&k, forged(&k, good_head(&k), STR("[]"))), ERR_DENIED);
	CHECK_INT(check(&k, forged(&k, good_head(&k), STR("{}"))), ERR_DENIED);
	CHECK_INT(check(&k, forged(&k, good_head(&k), STR(""))), ERR_DENIED);
	keys_fini(&k);
}

TEST(a_minute_of_clock_skew_is_allowed)
{
	struct keys k;

	keys_init(&k, true);
	for (int ahead = 50; ahead <= 70; ahead += 20) {
		for (int which = 0; which < 2; which++) {
			struct str at = arena_fmt(
				&k.arena, "%lld", (long long)clock_wall_s() + ahead);
			struct str token = forged(&k, good_head(&k),
				claims(&k, which ? "nbf" : "iat", at.ptr, ""));

			CHECK_INT(check(&k, token), ahead == 50 ? ERR_OK : ERR_DENIED);
		}
	}
	keys_fini(&k);
}

TEST(other_shapes_are_refused)
{
	struct keys k;

	keys_init(&k, true);
	struct str good = signed_for(&k, 900);
	size_t first = str_find(good, '.');
	size_t second = first + 1 + str_find(str_from(good, first + 1), '.');
	struct str h = str_span(good.ptr, first),
		   c = str_span(good.ptr + first + 1, second - first - 1);
	struct str s = str_from(good, second + 1);
	struct arena *a = &k.arena;
	struct str bad[] = {
		STR(""),
		STR("."),
		STR(".."),
		STR("..."),
		h,
		c,
		arena_fmt(a, "%.*s.%.*s", STR_ARG(h), STR_ARG(c)),
		arena_fmt(a, "%.*s.%.*s.", STR_ARG(h), STR_ARG(c)),
		arena_fmt(a, "%.*s.", STR_ARG(good)),
		arena_fmt(a, ".%.*s", STR_ARG(good)),
		arena_fmt(a, "%.*s.x", STR_ARG(good)),
		arena_fmt(a, "%.*s.%.*s.x", STR_ARG(good), STR_ARG(s)),
		arena_fmt(a, "%.*s=", STR_ARG(good)),
		arena_fmt(a, " %.*s", STR_ARG(good)),
		arena_fmt(a, "%.*s ", STR_ARG(good)),
		arena_fmt(a, "%.*s\n", STR_ARG(good)),
		arena_fmt(a, "%.*s..%.*s", STR_ARG(h), STR_ARG(s)),
		arena_fmt(a, ".%.*s.%.*s", STR_ARG(c), STR_ARG(s)),
		arena_fmt(a, "%.*s.%.*s.%.*s", STR_ARG(h), STR_ARG(c), STR_ARG(c)),
		arena_fmt(a, "%.*s.%.*s.%.*s", STR_ARG(c), STR_ARG(h), STR_ARG(s)),
		arena_fmt(a, "%.*s.%.*s.%.*s", STR_ARG(h), STR_ARG(c), 43, s.ptr),
		arena_fmt(a, "%.*sAA", STR_ARG(good)),
		STR("{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"AA\"}"),
	};

	CHECK_INT(check(&k, good), ERR_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (check(&k, bad[i]) != ERR_DENIED)
			test_fail(__FILE__, __LINE__, "taken: %.*s (%zu)", STR_ARG(bad[i]),
				i);
	keys_fini(&k);
}

/* No character of a good token can be another one: also not the unused bits of the last. */
TEST(every_changed_character_is_refused)
{
	static const char others[] = "ABQgw-_.=+/ ";

	for (int pair = 0; pair < 2; pair++) {
		struct keys k;

		keys_init(&k, pair);
		struct str good = signed_for(&k, 900);

		for (size_t i = 0; i < good.len; i += pair ? 3 : 1) {
			for (const char *o = others; *o; o++) {
				struct str token = arena_dup(&k.arena, good);

				if (token.ptr[i] == *o)
					continue;
				((char *)token.ptr)[i] = *o;
				CHECK_INT(check(&k, token), ERR_DENIED);
			}
		}
		keys_fini(&k);
	}
}

/* ---- base64url to the letter ---- */

/* All claims, padded with `x` so that the last character has unused bits; '-' and '_' are
 * in it. */
static struct str odd_claims(struct keys *k)
{
	struct str more = arena_fmt(
			   &k->arena, ",\"x\":\"%s\"", "\xe0\xaf\xbe\xe0\xbf\xbf>>??"),
		   c;

	do {
		c = claims(k, NULL, NULL, more.ptr);
		more = arena_fmt(&k->arena, " %s", more.ptr);
	} while (c.len % 3 == 0);
	return base64url_encode(&k->arena, c);
}

static struct str with(struct keys *k, struct str text, size_t at, char c)
{
	struct str out = arena_dup(&k->arena, text);

	CHECK(at < text.len);
	((char *)out.ptr)[at] = c;
	return out;
}

/* Signed as they stand, so that nothing but the decoder is between them and us. */
TEST(lax_base64url_is_refused)
{
	for (int pair = 0; pair < 2; pair++) {
		struct keys k;

		keys_init(&k, pair);
		struct arena *a = &k.arena;
		struct str h = base64url_encode(a, good_head(&k)), c = odd_claims(&k);
		struct str odd[] = {
			arena_fmt(a, "%.*s=", STR_ARG(c)),
			arena_fmt(a, "%.*s==", STR_ARG(c)),
			arena_fmt(a, " %.*s", STR_ARG(c)),
			arena_fmt(a, "%.*s\n", STR_ARG(c)),
			arena_fmt(a, "%.4s %.*s", c.ptr, STR_ARG(str_from(c, 4))),
			with(&k, c, str_find(c, '-'), '+'),
			with(&k, c, str_find(c, '_'), '/'),
			/* '0' to '9' and 'a' to 'z' are neighbours in the alphabet, too */
			with(&k, c, c.len - 1, (char)(c.ptr[c.len - 1] + 1)),
		};

		CHECK_INT(check(&k, forge_parts(a, &k.key, h, c)), ERR_OK);
		for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
			if (check(&k, forge_parts(a, &k.key, h, odd[i])) != ERR_DENIED)
				test_fail(
					__FILE__, __LINE__, "taken: %.*s", STR_ARG(odd[i]));
		}
		CHECK_INT(check(&k, forge_parts(a, &k.key,
					    arena_fmt(a, "%.*s=", STR_ARG(h)), c)),
			ERR_DENIED);
		keys_fini(&k);
	}
}

TEST(short_and_zero_signatures_are_refused)
{
	struct keys k;

	keys_init(&k, true);
	for (size_t len = 0; len <= 70; len++) {
		static const char zeros[70];
		struct str h = base64url_encode(&k.arena, good_head(&k));
		struct str c = base64url_encode(&k.arena, good_claims(&k));
		struct str s = base64url_encode(&k.arena, str_span(zeros, len));

		CHECK_INT(check(&k, arena_fmt(&k.arena, "%.*s.%.*s.%.*s", STR_ARG(h),
					    STR_ARG(c), STR_ARG(s))),
			ERR_DENIED);
	}
	keys_fini(&k);
}

/* The classic: HS256 with the public key's text as the secret. */
TEST(the_public_key_is_no_hmac_secret)
{
	struct keys k;

	keys_init(&k, true);
	struct str h = base64url_encode(&k.arena, head(&k, "\"HS256\"", "\"at+jwt\"", ""));
	struct str c = base64url_encode(&k.arena, good_claims(&k));
	struct str text = arena_fmt(&k.arena, "%.*s.%.*s", STR_ARG(h), STR_ARG(c));
	uint8_t mac[32];

	hmac_sha256(buf_str(&k.public_pem), text, mac);
	struct str s = base64url_encode(&k.arena, str_span((char *)mac, 32));

	CHECK_INT(check(&k, arena_fmt(&k.arena, "%.*s.%.*s", STR_ARG(text), STR_ARG(s))),
		ERR_DENIED);
	keys_fini(&k);
}

TEST(another_installations_tokens_are_refused)
{
	struct keys ours, theirs;

	for (int pair = 0; pair < 2; pair++) {
		keys_init(&ours, true);
		keys_init(&theirs, pair);
		CHECK_INT(check(&ours, signed_for(&theirs, 900)), ERR_DENIED);
		CHECK_INT(check(&theirs, signed_for(&ours, 900)), ERR_DENIED);
		keys_fini(&ours);
		keys_fini(&theirs);
	}
}

TEST(size_is_bounded)
{
	struct keys k;

	keys_init(&k, true);
	char *pad = arena_bytes(&k.arena, 3001);

	memset(pad, 'x', 3000);
	pad[3000] = '\0';
	for (int len = 1000; len <= 3000; len += 2000) {
		struct str more = arena_fmt(&k.arena, ",\"pad\":\"%.*s\"", len, pad);
		struct str token = forged(
			&k, good_head(&k), claims(&k, NULL, NULL, more.ptr));

		CHECK_INT(check(&k, token), token.len <= TOKEN_MAX ? ERR_OK : ERR_DENIED);
	}
	CHECK_INT(check(&k, str_span(pad, 3000)), ERR_DENIED);
	keys_fini(&k);
}

/* ---- keys ---- */

/* Whoever reads the JWK set knows the next key before it signs. */
static void check_published(const struct verifier *v, struct keys *k, int at)
{
	struct buf out = { 0 };
	const struct json *j = NULL;
	const char *why;

	verifier_jwks(v, &out);
	CHECK_INT(json_parse(&k->arena, buf_str(&out), NULL, &j, &why), ERR_OK);
	CHECK_INT(json_get(j, "keys")->count, 2);
	CHECK_STR(json_text(json_at(j, at ? "keys.1.kid" : "keys.0.kid")),
		str_span(k->key.kid, KID_SIZE));
	CHECK_STR(json_text(json_at(j, at ? "keys.1.x" : "keys.0.x")),
		token_key_x(&k->key, &k->arena));
	buf_fini(&out);
}

TEST(both_keys_of_a_rotation_are_taken_and_published)
{
	struct keys old, new;
	const char *why = NULL;
	struct buf both = { 0 };
	struct identity out;

	keys_init(&old, true);
	keys_init(&new, true);
	buf_add_str(&both, buf_str(&old.public_pem));
	buf_add_str(&both, buf_str(&new.public_pem));
	struct verifier *v = verifier_new(buf_cstr(&both), NULL, &why);

	CHECK(v && !why);
	CHECK_INT(verifier_check(v, signed_for(&old, 900), &out), ERR_OK);
	CHECK_INT(verifier_check(v, signed_for(&new, 900), &out), ERR_OK);
	check_published(v, &old, 0);
	check_published(v, &new, 1);
	verifier_free(&v);
	buf_fini(&both);
	keys_fini(&old);
	keys_fini(&new);
}

TEST(bad_keys_are_named)
{
	static const char broken[] =
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
	/* a P-256 public key: of the wrong kind */
	static const char p256[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEci7Ad3BRhkGtZZ/HPGfYBP5XtQQl\n"
		"1yLTWhf31Ri0BI+AElTq3X2g0eagfYUKBl5mpwvMYeuXPMIG0CMrE+RBgg==\n"
		"-----END PUBLIC KEY-----\n";
	struct keys k;
	const char *why = NULL;

	keys_init(&k, true);
	CHECK(!token_signer_new("", NULL, &why) && why);
	CHECK(!token_signer_new("rubbish", SECRET, &why));
	CHECK(!token_signer_new(buf_cstr(&k.public_pem), SECRET, &why));
	CHECK(!token_signer_new(NULL, NULL, &why));
	CHECK(!token_signer_new(NULL, "", &why));
	CHECK(!verifier_new("", NULL, &why));
	CHECK(!verifier_new(buf_cstr(&k.secret_pem), NULL, &why));
	CHECK(!verifier_new(broken, NULL, &why));
	CHECK(!verifier_new(p256, NULL, &why));
	CHECK_STR(str_of(why), STR("not an Ed25519 key"));
	CHECK(!verifier_new(NULL, NULL, &why));
	struct buf good_and_bad = { 0 };

	buf_add_str(&good_and_bad, buf_str(&k.public_pem));
	buf_add_str(&good_and_bad, str_of(broken));
	CHECK(!verifier_new(buf_cstr(&good_and_bad), NULL, &why));
	buf_clear(&good_and_bad);
	for (int i = 0; i < 9; i++)
		buf_add_str(&good_and_bad, buf_str(&k.public_pem));
	CHECK(!verifier_new(buf_cstr(&good_and_bad), NULL, &why));
	CHECK_STR(str_of(why), STR("more than 8 keys"));
	buf_fini(&good_and_bad);
	keys_fini(&k);
}

/* RFC 8037, appendix A: a key, its thumbprint. */
TEST(the_kid_is_the_thumbprint)
{
	static const char pem[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
		"-----END PUBLIC KEY-----\n";
	struct token_key keys[TOKEN_KEYS_MAX];
	size_t count = 0;

	CHECK(!token_keys_public(keys, &count, pem));
	CHECK_INT(count, 1);
	CHECK_STR(str_span(keys[0].kid, KID_SIZE), STR("kPrK_qmxVWaYVA9w"));
	token_key_fini(&keys[0]);
}

TEST(the_public_half_is_published)
{
	for (int pair = 0; pair < 2; pair++) {
		struct keys k;
		struct buf out = { 0 };
		const struct json *j = NULL;
		const char *why;

		keys_init(&k, pair);
		verifier_jwks(k.verifier, &out);
		CHECK_INT(json_parse(&k.arena, buf_str(&out), NULL, &j, &why), ERR_OK);
		CHECK_INT(json_get(j, "keys")->count, pair);
		if (pair) {
			CHECK_STR(json_text(json_at(j, "keys.0.kty")), STR("OKP"));
			CHECK_STR(json_text(json_at(j, "keys.0.crv")), STR("Ed25519"));
			CHECK_STR(json_text(json_at(j, "keys.0.alg")), STR("EdDSA"));
			CHECK_STR(json_text(json_at(j, "keys.0.kid")),
				str_span(k.key.kid, KID_SIZE));
			CHECK_STR(json_text(json_at(j, "keys.0.x")),
				token_key_x(&k.key, &k.arena));
			CHECK(!json_at(j, "keys.0.d"));
		}
		buf_fini(&out);
		keys_fini(&k);
	}
}

TEST(bearer)
{
	static const struct str good[] = { STR("Bearer a.b.c"), STR("bearer a.b.c"),
		STR("BEARER a.b.c") };
	static const struct str bad[] = { STR(""), STR("Bearer"), STR("Bearer "),
		STR("Bearer  a.b.c"), STR("Bearer\ta.b.c"), STR("Basic a.b.c"),
		STR("a.b.c"), STR(" Bearer a.b.c"), STR("Bearer a.b.c "),
		STR("Bearer a.b.c,d"), STR("Bearer a b"), STR("Bearera.b.c"),
		STR("Bearer a=b"), STR("Bearer \"a\"") };
	struct str token;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		CHECK(token_of_header(good[i], &token));
		CHECK_STR(token, STR("a.b.c"));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (token_of_header(bad[i], &token))
			test_fail(__FILE__, __LINE__, "taken: %.*s", STR_ARG(bad[i]));
}
