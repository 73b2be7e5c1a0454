#include "secure/token_verify.h"

#include "secure/secret.h"
#include "secure/token.h"
#include "json/read.h"

#define CLOCK_SKEW_S 60
#define TIME_MAX     ((int64_t)1 << 53) /* what every JSON parser reads exactly */

struct parts {
	struct str signed_text; /* header, point, claims: as they came */
	struct str head, claims, signature;
};

/* Exactly three parts, so neither a nested nor an encrypted token, nor JSON serialization.
 */
static bool split(struct str token, struct parts *p)
{
	struct str rest = token, more;

	if (!str_cut(&rest, '.', &p->head) || !str_cut(&rest, '.', &p->claims) ||
		!str_cut(&rest, '.', &p->signature) || str_cut(&rest, '.', &more))
		return false;
	p->signed_text = str_span(token.ptr, p->head.len + 1 + p->claims.len);
	return true;
}

static const struct json *decode_object(struct arena *a, struct str part)
{
	const struct json_limits small = { .depth = 2, .keys = 32, .values = 64 };
	const struct json *j;
	const char *why;
	struct str text;

	if (!base64url_decode(a, part, &text) ||
		json_parse(a, text, &small, &j, &why) != ERR_OK)
		return NULL;
	return j->kind == JSON_OBJECT ? j : NULL;
}

static bool is(const struct json *object, const char *key, const char *want)
{
	struct str text = json_text(json_get(object, key));

	return text.ptr && str_eq(text, str_of(want));
}

static const struct token_key *find_key(
	const struct token_key *keys, size_t count, const struct json *head)
{
	struct str kid = json_text(json_get(head, "kid"));

	for (size_t i = 0; i < count; i++)
		if (str_eq(kid, str_span(keys[i].kid, KID_SIZE)))
			return &keys[i];
	return NULL;
}

static const char *head_problem(const struct json *head, const struct token_key *key)
{
	/* alg, kid and typ, nothing else: no jwk, jku, x5u, x5c, crit, zip. */
	if (!head || head->count != 3)
		return "header";
	if (!is(head, "typ", "at+jwt"))
		return "typ";
	if (!key)
		return "kid";
	return is(head, "alg", token_key_alg(key)) ? NULL : "alg";
}

/* A whole number of seconds that every parser reads alike. */
static bool time_claim(const struct json *claims, const char *name, int64_t *out)
{
	return json_i64(json_get(claims, name), out) && *out >= 0 && *out <= TIME_MAX;
}

static const char *claims_problem(
	const struct json *claims, int64_t now_s, struct identity *out)
{
	struct identity who;
	struct uuid id;
	int64_t issued, not_before;

	if (!claims)
		return "claims";
	if (!is(claims, "iss", TOKEN_ISSUER))
		return "iss";
	if (!is(claims, "aud", TOKEN_AUDIENCE))
		return "aud";
	if (!time_claim(claims, "exp", &who.expires_at_s) || who.expires_at_s <= now_s)
		return "exp";
	if (!time_claim(claims, "iat", &issued) || issued > now_s + CLOCK_SKEW_S)
		return "iat";
	if (!time_claim(claims, "nbf", &not_before) || not_before > now_s + CLOCK_SKEW_S)
		return "nbf";
	if (!time_claim(claims, "auth_time", &who.auth_time_s))
		return "auth_time";
	if (!json_uuid(json_get(claims, "jti"), &id))
		return "jti";
	if (!json_uuid(json_get(claims, "sub"), &who.user_id))
		return "sub";
	if (!json_uuid(json_get(claims, "sid"), &who.session_id))
		return "sid";
	*out = who;
	return NULL;
}

/* The signature is checked before any claim is read. */
static const char *verify(struct arena *a, const struct token_key *keys, size_t count,
	struct str token, int64_t now_s, struct identity *out)
{
	struct parts p;
	struct str signature;

	if (!split(token, &p))
		return "parts";
	const struct json *head = decode_object(a, p.head);
	const struct token_key *key = find_key(keys, count, head);
	const char *problem = head_problem(head, key);

	if (problem)
		return problem;
	if (!base64url_decode(a, p.signature, &signature) ||
		!token_key_verify(key, p.signed_text, signature))
		return "signature";
	return claims_problem(decode_object(a, p.claims), now_s, out);
}

const char *token_verify(const struct token_key *keys, size_t count, struct str token,
	int64_t now_s, struct identity *out)
{
	const char *problem = "size";
	struct arena a;

	if (token.len == 0 || token.len > TOKEN_MAX)
		return problem;
	arena_init(&a);
	problem = verify(&a, keys, count, token, now_s, out);
	arena_fini(&a);
	return problem;
}

/* Of base64url, and the point. A look into a table: every byte of every token comes by. */
static const bool is_token_char[256] = {
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	['0' ... '9'] = true,
	['-'] = true,
	['_'] = true,
	['.'] = true,
};

bool token_of_header(struct str authorization, struct str *token)
{
	static const struct str scheme = { "Bearer ", 7 };
	struct str rest = str_from(authorization, scheme.len);

	if (rest.len == 0 ||
		!str_eq_nocase(str_span(authorization.ptr, scheme.len), scheme))
		return false;
	bool good = true;

	for (size_t i = 0; i < rest.len; i++)
		good &= is_token_char[(uint8_t)rest.ptr[i]];
	*token = rest;
	return good;
}
