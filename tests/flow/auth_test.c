// needs: tests/flow/auth_fixture.c
/*
 * The auth service as others see it: the binary, on a Postgres and a Redis of the test's
 * own, asked over HTTP. The whole conversation, and bad input of every kind.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "secure/token.h"
#include "tests/flow/auth_fixture.h"

/* ---- the conversation ---- */

TEST(a_user_signs_in_and_is_known)
{
	fixture_start();
	struct arena a;
	struct answer r;

	arena_init(&a);
	r = post(&a, "/auth/signup", NULL, "{\"mobile\":\"8989898989\"}");
	CHECK_INT(r.status, 200);
	CHECK_INT(r.json->count, 3);
	CHECK(answer_str(&r, "message").len > 0);
	int64_t life = 0;

	CHECK(json_i64(json_get(r.json, "expires_in"), &life) && life == 300);
	const char *code = answer_z(&a, &r, "otp");

	CHECK_INT(strlen(code), 6);
	CHECK(str_find(answer_header(&r, STR("Cache-Control")), 'n') == 0); /* no-store */
	r = verify(&a, "8989898989", code);
	CHECK_INT(r.status, 200);
	CHECK_STR(answer_str(&r, "token_type"), STR("bearer"));
	CHECK(json_i64(json_get(r.json, "expires_in"), &life) && life == 900);
	CHECK_INT(answer_str(&r, "refresh_token").len, 43);
	const char *token = answer_z(&a, &r, "access_token");

	r = get(&a, "/user/me", token);
	CHECK_INT(r.status, 200);
	CHECK_STR(answer_str(&r, "mobile"), STR("+918989898989"));
	CHECK(json_is_true(json_get(r.json, "is_verified")));
	CHECK_STR(answer_str(&r, "subscription"), STR("Basic"));
	CHECK_STR(answer_str(&r, "subscription_tier"), STR("Basic"));
	CHECK_INT(answer_str(&r, "created_at").len, 27);
	struct uuid id;

	CHECK(json_uuid(json_get(r.json, "id"), &id));
	CHECK_INT(get(&a, "/user/me/", token).status, 200); /* the same resource */
	arena_fini(&a);
}

/* However the number is written, and by whichever call the code was asked for. */
TEST(one_number_is_one_user)
{
	fixture_start();
	static const char *const ways[][2] = { { "/auth/signup", "9000000001" },
		{ "/auth/send-otp", "+91 90000-00001" },
		{ "/auth/forgot-password", "0091 (0)9000000001" },
		{ "/auth/signup/", "09000000001" } };
	struct arena a;
	const char *first = NULL;

	arena_init(&a);
	for (size_t i = 0; i < 4; i++) {
		struct answer r = post(&a, ways[i][0], NULL,
			arena_fmt(&a, "{\"mobile\":\"%s\"}", ways[i][1]).ptr);

		CHECK_INT(r.status, 200);
		CHECK_INT(r.json->count, 3);
		r = verify(&a, ways[i][1], answer_z(&a, &r, "otp"));
		CHECK_INT(r.status, 200);
		r = get(&a, "/user/me", answer_z(&a, &r, "access_token"));
		const char *id = answer_z(&a, &r, "id");

		CHECK_STR(str_of(id), str_of(first ? first : id));
		first = id;
	}
	CHECK_STR(sql(&a, "select count(*) from auth.users where mobile = '+919000000001'"),
		STR("1"));
	CHECK_STR(
		sql(&a, "select count(*) from auth.outbox where type = 'auth.user.created'"
			" and subject = (select id::text from auth.users where mobile ="
			" '+919000000001')"),
		STR("1"));
	CHECK_STR(sql(&a, "select string_agg(event, ',' order by a.id) from auth.audit a"
			  " join auth.users u on u.id = a.user_id where mobile = "
			  "'+919000000001'"),
		STR("user-created,signed-in,signed-in,signed-in"));
	arena_fini(&a);
}

/* Twenty at once with the right code: it is used once, and one user comes to be. */
TEST(a_code_is_good_once)
{
	fixture_start();
	struct arena a;
	int fds[4], good = 0;

	arena_init(&a);
	const char *code = code_for(&a, "9000000002");
	struct str body = arena_fmt(&a, "{\"mobile\":\"9000000002\",\"otp\":\"%s\"}", code);

	for (int i = 0; i < 4; i++)
		fds[i] = talk_send(auth.socket,
			&(struct talk){ .path = "/auth/verify-otp", .body = body.ptr });
	for (int i = 0; i < 4; i++) {
		struct answer r = talk_read(&a, fds[i]);

		CHECK(r.status == 200 || r.status == 400);
		good += r.status == 200;
	}
	CHECK_INT(good, 1);
	CHECK_INT(verify(&a, "9000000002", code).status, 400);
	arena_fini(&a);
}

TEST(a_new_code_kills_the_old_one)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	const char *first = code_for(&a, "9000000003");
	const char *second = code_for(&a, "9000000003");

	if (strcmp(first, second) != 0) { /* once in a million runs they are the same */
		CHECK_INT(verify(&a, "9000000003", first).status, 400);
		CHECK_INT(verify(&a, "9000000003", second).status, 200);
	}
	arena_fini(&a);
}

/* Status, code and words; the request's id is its own. */
static struct str face(struct arena *a, const struct answer *r)
{
	return arena_fmt(a, "%d %.*s %.*s %.*s %.*s", r->status,
		STR_ARG(answer_str(r, "code")), STR_ARG(answer_str(r, "title")),
		STR_ARG(answer_str(r, "detail")),
		STR_ARG(answer_header(r, STR("Retry-After"))));
}

TEST(wrong_expired_used_and_unknown_look_the_same)
{
	fixture_start();
	struct arena a;
	struct answer r;
	struct str want = STR(
		"400 invalid_code The code is wrong or has expired"
		" The code is wrong or has expired ");

	arena_init(&a);
	const char *code = code_for(&a, "9000000004");

	r = verify(&a, "9000000004", strcmp(code, "000000") ? "000000" : "000001");
	CHECK_STR(face(&a, &r), want);
	redis_del_matching("castor:test:otp:*:code");
	r = verify(&a, "9000000004", code); /* expired */
	CHECK_STR(face(&a, &r), want);
	code = code_for(&a, "9000000004");
	CHECK_INT(verify(&a, "9000000004", code).status, 200);
	r = verify(&a, "9000000004", code); /* used */
	CHECK_STR(face(&a, &r), want);
	r = verify(&a, "9000000999", "123456"); /* never asked for */
	CHECK_STR(face(&a, &r), want);
	r = verify(&a, "9000000005", code_for(&a, "9000000004")); /* another's */
	CHECK_STR(face(&a, &r), want);
	CHECK_STR(
		sql(&a, "select count(*) from auth.users where mobile in ('+919000000999',"
			" '+919000000005')"),
		STR("0"));
	arena_fini(&a);
}

TEST(two_hundred_guesses_at_once_get_five_tries)
{
	fixture_start();
	struct arena a;
	int fds[200], wrong = 0, locked = 0;

	arena_init(&a);
	const char *code = code_for(&a, "9000000006");
	unsigned guess = (unsigned)strtoul(code, NULL, 10);

	for (int i = 0; i < 200; i++) {
		guess = (guess + 1) % 1000000;
		struct str body = arena_fmt(
			&a, "{\"mobile\":\"9000000006\",\"otp\":\"%06u\"}", guess);

		fds[i] = talk_send(auth.socket,
			&(struct talk){ .path = "/auth/verify-otp", .body = body.ptr });
	}
	for (int i = 0; i < 200; i++) {
		struct answer r = talk_read(&a, fds[i]);

		wrong += r.status == 400;
		locked += r.status == 429;
	}
	CHECK_INT(wrong, 5);
	CHECK_INT(locked, 195);
	struct answer r = verify(&a, "9000000006", code); /* too late for the right one */
	uint64_t wait_s = 0;

	CHECK_INT(r.status, 429);
	CHECK_STR(answer_str(&r, "code"), STR("too_many_tries"));
	CHECK(str_u64(answer_header(&r, STR("Retry-After")), &wait_s) && wait_s > 0 &&
		wait_s <= 300);
	CHECK_INT(verify(&a, "9000000006", code_for(&a, "9000000006")).status, 200);
	arena_fini(&a);
}

/* ---- bad input: a 4xx in the standard shape, and nothing done ---- */

TEST(bad_bodies_are_named)
{
	fixture_start();
	static const char *const paths[] = { "/auth/signup", "/auth/send-otp",
		"/auth/forgot-password", "/auth/verify-otp", "/auth/refresh" };
	static const char *const bodies[] = { "", "{", "[]", "null", "\"8989898989\"", "{}",
		"{\"mobile\":8989898989}", "{\"mobile\":8989898989,\"otp\":123456}",
		"{\"mobile\":null}", "{\"mobile\":\"\"}", "{\"mobile\":[\"8989898989\"]}",
		"{\"mobile\":{\"a\":1}}",
		"{\"mobile\":\"8989898989\",\"mobile\":\"8989898989\"}",
		"{\"mobile\":\"\\u0000\"}", "{\"mobile\":\"8989898989\\u0000\"}",
		"{\"mobile\":\"\\ud800\"}", "{\"mobile\":\"\xff\"}",
		"{\"mobile\":\"8989898989\",\"is_admin\":true,\"otp\":\"123456\",\"x\":1}",
		"{\"mobile\":\"abc\"}", "{\"mobile\":\"+999123456789\"}",
		"{\"mobile\":\"123\"}", "{\"mobile\":\"' or 1=1 --\"}",
		"{\"Mobile\":\"8989898989\"}", "{\"mobile\":\"8989898989\"}}",
		"\xef\xbb\xbf{\"mobile\":\"8989898989\"}",
		"{\"refresh_token\":\"a\",\"b\":1}", "{\"refresh_token\":7}",
		"{'mobile':'8989898989'}" };
	struct arena a;

	arena_init(&a);
	for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
		for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
			struct answer r = post(&a, paths[p], NULL, bodies[b]);

			check_problem(
				&r, 400, arena_fmt(&a, "%s %s", paths[p], bodies[b]).ptr);
			CHECK(json_at(r.json, "errors.0.detail") != NULL);
		}
	}
	arena_fini(&a);
}

TEST(bad_codes_are_named)
{
	fixture_start();
	static const char *const codes[] = { "\"\"", "\"12345\"", "\"1234567\"",
		"\"abcdef\"", "123456", "null", "\" 23456\"", "[1,2,3,4,5,6]",
		"\"\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa1\xd9\xa2\xd9\xa3\"" };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct answer r = post(&a, "/auth/verify-otp", NULL,
			arena_fmt(&a, "{\"mobile\":\"9000000007\",\"otp\":%s}", codes[i])
				.ptr);

		check_problem(&r, 400, codes[i]);
		CHECK_STR(answer_str(&r, "errors.0.pointer"), STR("/otp"));
	}
	arena_fini(&a);
}

TEST(other_media_methods_and_paths_are_refused)
{
	fixture_start();
	struct arena a;
	struct answer r;

	arena_init(&a);
	r = talk(&a, auth.socket,
		&(struct talk){ .path = "/auth/signup",
			.body = "mobile=8989898989",
			.type = "application/x-www-form-urlencoded" });
	check_problem(&r, 415, "a form");
	r = talk(&a, auth.socket,
		&(struct talk){ .path = "/auth/signup",
			.body = "{\"mobile\":\"8989898989\"}",
			.type = "text/plain" });
	check_problem(&r, 415, "plain text");
	r = get(&a, "/auth/signup", NULL);
	check_problem(&r, 405, "GET /auth/signup");
	CHECK_STR(answer_header(&r, STR("Allow")), STR("POST"));
	r = post(&a, "/user/me", NULL, "{}");
	check_problem(&r, 405, "POST /user/me");
	r = get(&a, "/auth/users", NULL);
	check_problem(&r, 404, "GET /auth/users");
	char *large = arena_bytes(&a, 70001);

	memset(large, ' ', 70000);
	large[70000] = '\0';
	r = post(&a, "/auth/signup", NULL, large);
	check_problem(&r, 413, "a large body");
	arena_fini(&a);
}

TEST(without_a_good_token_nothing_is_told)
{
	fixture_start();
	struct arena a;
	struct session s;
	const char *why;

	arena_init(&a);
	s = sign_in(&a, "9000000008");
	struct str good = str_of(s.access);
	struct str other = arena_dup(&a, good);
	struct token_signer *stranger = token_signer_new(
		NULL, "a secret key of somebody else", &why);
	struct identity who = { .auth_time_s = clock_wall_s() };
	struct token_signer *ours = fixture_signer();

	((char *)other.ptr)[good.len - 10] ^= 1;
	const char *tokens[] = { NULL, "", "x", "a.b.c", "null", arena_cstr(&a, other),
		arena_cstr(&a, str_span(good.ptr, good.len - 1)),
		arena_cstr(&a, token_sign(stranger, &a, &who, 900)),
		arena_cstr(&a, token_sign(ours, &a, &who, -1)), s.refresh };
	static const char *const calls[][2] = { { "/user/me", NULL },
		{ "/auth/logout", "{}" },
		{ "/auth/change-password", "{\"new_password\":\"strongpass123\"}" } };

	for (size_t c = 0; c < 3; c++) {
		for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
			struct answer r = talk(&a, auth.socket,
				&(struct talk){ .path = calls[c][0],
					.body = calls[c][1],
					.token = tokens[i] });

			check_problem(&r, 401, calls[c][0]);
			CHECK(str_starts(
				answer_header(&r, STR("WWW-Authenticate")), STR("Bearer")));
		}
	}
	/* a good token of a session that never was */
	struct answer r = get(
		&a, "/user/me", arena_cstr(&a, token_sign(ours, &a, &who, 900)));

	check_problem(&r, 401, "no session");
	CHECK_INT(get(&a, "/user/me", s.access).status, 200);
	token_signer_free(&stranger);
	token_signer_free(&ours);
	arena_fini(&a);
}

/* ---- sessions ---- */

TEST(a_refresh_token_gives_the_next_pair)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000009");
	struct answer r = refresh(&a, s.refresh);

	CHECK_INT(r.status, 200);
	CHECK_STR(answer_str(&r, "token_type"), STR("bearer"));
	CHECK(!str_eq(answer_str(&r, "refresh_token"), str_of(s.refresh)));
	CHECK_INT(get(&a, "/user/me", answer_z(&a, &r, "access_token")).status, 200);
	CHECK_INT(get(&a, "/user/me", s.access).status, 200); /* until it expires */
	CHECK_INT(refresh(&a, answer_z(&a, &r, "refresh_token")).status, 200);
	CHECK_STR(sql(&a, "select count(*) from auth.sessions s join auth.users u on u.id "
			  "= s.user_id"
			  " where mobile = '+919000000009'"),
		STR("1"));
	arena_fini(&a);
}

/* The answer was lost, or two tabs asked at once: all get one and the same successor. */
TEST(asked_again_at_once_the_successor_is_the_same)
{
	fixture_start();
	struct arena a;
	int fds[8];

	arena_init(&a);
	struct session s = sign_in(&a, "9000000010");
	struct str body = arena_fmt(&a, "{\"refresh_token\":\"%s\"}", s.refresh);
	struct str next = STR_NONE;

	for (int i = 0; i < 8; i++)
		fds[i] = talk_send(auth.socket,
			&(struct talk){ .path = "/auth/refresh", .body = body.ptr });
	for (int i = 0; i < 8; i++) {
		struct answer r = talk_read(&a, fds[i]);

		CHECK_INT(r.status, 200);
		if (i)
			CHECK_STR(answer_str(&r, "refresh_token"), next);
		next = answer_str(&r, "refresh_token");
	}
	CHECK_INT(refresh(&a, arena_cstr(&a, next)).status, 200);
	arena_fini(&a);
}

TEST(a_refresh_token_used_twice_ends_the_session)
{
	fixture_start();
	struct arena a;
	struct answer r;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000011"), other = sign_in(&a, "9000000011");
	int bus = redis_subscribe("castor:test:auth.sessions.revoked");

	r = refresh(&a, s.refresh);
	const char *next = answer_z(&a, &r, "refresh_token");

	CHECK_INT(r.status, 200);
	sql(&a, "update auth.refresh_tokens set used_at = used_at - interval '11 seconds'"
		" where used_at is not null");
	r = refresh(&a, s.refresh);
	check_problem(&r, 401, "reuse");
	CHECK_STR(answer_str(&r, "code"), STR("invalid_refresh_token"));
	r = refresh(&a, next);
	check_problem(&r, 401, "its successor");
	r = get(&a, "/user/me", s.access);
	check_problem(&r, 401, "its access token");
	CHECK_INT(get(&a, "/user/me", other.access).status,
		200); /* another session of theirs */

	struct str said = redis_hear(&a, bus, session_of(&a, s.access));

	CHECK(said.len > 0);
	CHECK(contains(said, "\"type\":\"auth.sessions.revoked\""));
	CHECK(!contains(said, session_of(&a, other.access)));
	CHECK(auth_logs(&a, "refresh-reused"));
	arena_fini(&a);
}

TEST(what_is_no_refresh_token_is_refused)
{
	fixture_start();
	static const char *const bad[] = { "x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"not+base64url/not+base64url/not+base64url==" };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct answer r = refresh(&a, bad[i]);

		check_problem(&r, 401, bad[i]);
	}
	arena_fini(&a);
}

TEST(an_idle_or_old_session_is_over)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session idle = sign_in(&a, "9000000012"), old = sign_in(&a, "9000000013");

	sql(&a, "update auth.refresh_tokens r set issued_at = now() - interval '31 days' "
		"from"
		" auth.sessions s join auth.users u on u.id = s.user_id"
		" where r.session_id = s.id and mobile = '+919000000012'");
	sql(&a, "update auth.sessions s set expires_at = now() from auth.users u"
		" where u.id = s.user_id and mobile = '+919000000013'");
	CHECK_INT(refresh(&a, idle.refresh).status, 401);
	CHECK_INT(refresh(&a, old.refresh).status, 401);
	CHECK_INT(get(&a, "/user/me", old.access).status, 401);
	arena_fini(&a);
}

TEST(logout_ends_the_session_at_once)
{
	fixture_start();
	struct arena a;
	struct answer r;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000014"), other = sign_in(&a, "9000000014");
	int bus = redis_subscribe("castor:test:auth.sessions.revoked");

	r = talk(&a, auth.socket,
		&(struct talk){
			.method = "POST", .path = "/auth/logout", .token = s.access });
	CHECK_INT(r.status, 204);
	CHECK_INT(r.body.len, 0);
	r = get(&a, "/user/me", s.access);
	check_problem(&r, 401, "after logout");
	CHECK_INT(refresh(&a, s.refresh).status, 401);
	CHECK_INT(post(&a, "/auth/logout", s.access, "{}").status, 401);
	CHECK_INT(get(&a, "/user/me", other.access).status, 200);
	CHECK(redis_hear(&a, bus, session_of(&a, s.access)).len > 0);
	arena_fini(&a);
}

/* ---- passwords ---- */

TEST(a_new_password_ends_the_other_sessions)
{
	fixture_start();
	struct arena a;
	struct answer r;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000015"), other = sign_in(&a, "9000000015");
	int bus = redis_subscribe("castor:test:auth.sessions.revoked");
	const char *code = code_for(&a, "9000000015");

	r = change(&a, s.access, "strongpass123");
	CHECK_INT(r.status, 200);
	CHECK(answer_str(&r, "message").len > 0);
	CHECK_INT(get(&a, "/user/me", s.access).status, 200);
	CHECK_INT(get(&a, "/user/me", other.access).status, 401);
	CHECK_INT(refresh(&a, s.refresh).status, 200);
	CHECK_INT(refresh(&a, other.refresh).status, 401);
	CHECK_INT(verify(&a, "9000000015", code).status,
		400); /* the code that was on its way */
	CHECK(redis_hear(&a, bus, session_of(&a, other.access)).len > 0);
	struct str stored = sql(
		&a, "select password from auth.users where mobile = '+919000000015'");

	CHECK(str_starts(stored, STR("$scrypt$ln=17,r=8,p=1$")));
	CHECK(!contains(stored, "strongpass"));
	arena_fini(&a);
}

TEST(bad_passwords_are_named)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000016");
	char *long_one = arena_bytes(&a, 258);

	for (int i = 0; i < 257; i++)
		long_one[i] = (char)('a' + (i * 7 + i / 26) % 26);
	long_one[257] = '\0';
	const char *bad[] = { "", "short", "elevenchars", "aaaaaaaaaaaaaaa", "123456789012",
		"passwordpassword", "my9000000016pass", long_one };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct answer r = change(&a, s.access, bad[i]);

		check_problem(&r, 400, bad[i]);
		CHECK_STR(answer_str(&r, "errors.0.pointer"), STR("/new_password"));
	}
	CHECK_INT(post(&a, "/auth/change-password", s.access,
			  "{\"new_password\":123456789012}")
			  .status,
		400);
	CHECK_INT(post(&a, "/auth/change-password", s.access,
			  "{\"new_password\":\"strongpass123\",\"user_id\":\"x\"}")
			  .status,
		400);
	CHECK_STR(sql(&a, "select password is null from auth.users where mobile = "
			  "'+919000000016'"),
		STR("t"));
	arena_fini(&a);
}

/* The token says when the code was proved; a refreshed one says the same. */
TEST(an_old_sign_in_cannot_change_the_password)
{
	fixture_start();
	struct arena a;
	struct token_signer *ours = fixture_signer();

	arena_init(&a);
	struct session s = sign_in(&a, "9000000017");
	struct identity who = identity_of(s.access);

	who.auth_time_s -= 901;
	struct answer r = change(
		&a, arena_cstr(&a, token_sign(ours, &a, &who, 900)), "strongpass123");

	check_problem(&r, 403, "an old sign-in");
	CHECK_STR(answer_str(&r, "code"), STR("fresh_login_required"));
	/* nor one whose row says so, whatever the token says */
	sql(&a, "update auth.sessions s set auth_time = auth_time - interval '901 s' from "
		"auth.users u"
		" where u.id = s.user_id and mobile = '+919000000017'");
	r = change(&a, s.access, "strongpass123");
	check_problem(&r, 403, "an old session");
	r = refresh(&a, s.refresh);
	who = identity_of(answer_z(&a, &r, "access_token"));
	CHECK(who.auth_time_s < clock_wall_s() - 900);
	CHECK_STR(sql(&a, "select password is null from auth.users where mobile = "
			  "'+919000000017'"),
		STR("t"));
	token_signer_free(&ours);
	arena_fini(&a);
}

/* ---- keys, tiers, roles ---- */

TEST(the_key_is_published)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct answer r = get(&a, "/.well-known/jwks.json", NULL);

	CHECK_INT(r.status, 200);
	CHECK_STR(answer_str(&r, "keys.0.crv"), STR("Ed25519"));
	CHECK_INT(answer_str(&r, "keys.0.kid").len, 16);
	CHECK(!json_at(r.json, "keys.0.d"));
	r = get(&a, "/.well-known/jwks.json", NULL);
	CHECK(str_starts(answer_header(&r, STR("Cache-Control")), STR("public")));
	arena_fini(&a);
}

static void say_tier(
	struct arena *a, const char *user, int seq, const char *tier, int version)
{
	struct str event = arena_fmt(a,
		"{\"specversion\":\"1.0\",\"id\":\"01890a5d-ac96-774b-bcce-b302099a80%"
		"02d\",\"source\":"
		"\"/castor/"
		"billing\",\"type\":\"billing.tier.changed\",\"time\":\"2026-11-22T00:00:"
		"00.000000Z\","
		"\"subject\":\"%s\",\"seq\":%d,\"data\":{\"user_id\":\"%s\",\"tier\":\"%"
		"s\",\"version\":%d}}",
		seq, user, seq, user, tier, version);

	redis_say(a, (const char *const[]){ "PUBLISH", "castor:test:billing.tier.changed",
			     event.ptr, NULL });
}

static bool tier_becomes(struct arena *a, const char *token, const char *tier)
{
	for (int i = 0; i < 1000; i++) {
		struct answer r = get(a, "/user/me", token);

		if (str_eq(answer_str(&r, "subscription_tier"), str_of(tier)))
			return str_eq(answer_str(&r, "subscription"), str_of(tier));
		usleep(10000);
	}
	return false;
}

TEST(what_billing_says_is_shown)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000018"), mark = sign_in(&a, "9000000019");
	char user[UUID_TEXT_SIZE], mark_user[UUID_TEXT_SIZE];
	struct identity who = identity_of(s.access);

	uuid_format(&who.user_id, user);
	who = identity_of(mark.access);
	uuid_format(&who.user_id, mark_user);
	say_tier(&a, user, 1, "Pro", 7);
	CHECK(tier_becomes(&a, s.access, "Pro"));
	say_tier(&a, user, 2, "Basic", 6); /* older than what is known */
	say_tier(&a, user, 3, "Gold", 8);  /* no such thing: passed over, not stuck at */
	say_tier(&a, mark_user, 4, "Pro", 1);
	CHECK(tier_becomes(&a, mark.access, "Pro"));
	CHECK(tier_becomes(&a, s.access, "Pro"));
	say_tier(&a, user, 5, "Basic", 9);
	CHECK(tier_becomes(&a, s.access, "Basic"));
	arena_fini(&a);
}

TEST(the_role_is_refused_elsewhere)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	sql(&a, "create schema elsewhere; create table elsewhere.secrets (a int)");
	CHECK_STR(sql_as_auth(&a, "select count(*) >= 0 from auth.users"), STR("t"));
	CHECK_STR(sql_as_auth(&a, "select * from elsewhere.secrets"), STR("42501"));
	CHECK_STR(sql_as_auth(&a, "create table auth.mine (a int)"), STR("42501"));
	CHECK_STR(sql_as_auth(&a, "drop table auth.users"), STR("42501"));
	CHECK_STR(sql_as_auth(&a, "create schema mine"), STR("42501"));
	CHECK_STR(sql_as_auth(&a, "create role friend"), STR("42501"));
	arena_fini(&a);
}

TEST(what_is_over_is_swept)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000020");

	(void)s;
	sql(&a, "update auth.sessions s set expires_at = now() - interval '2 days' from "
		"auth.users u"
		" where u.id = s.user_id and mobile = '+919000000020'");
	sql_as_auth(&a, "select auth.sweep(1000, 2592000, 365)");
	CHECK_STR(sql(&a, "select count(*) from auth.sessions s join auth.users u on u.id "
			  "= s.user_id"
			  " where mobile = '+919000000020'"),
		STR("0"));
	CHECK_STR(sql(&a, "select count(*) from auth.users where mobile = '+919000000020'"),
		STR("1"));
	CHECK_STR(
		sql(&a, "select count(*) > 0 from auth.sessions where expires_at > now()"),
		STR("t"));
	arena_fini(&a);
}

/* ---- the end ---- */

TEST(no_secret_is_logged)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct str log = process_log(&auth, &a);

	CHECK(contains(log, "signed-in") && contains(log, "otp-wrong"));
	CHECK(!contains(log, "eyJ"));
	CHECK(!contains(log, "strongpass"));
	CHECK(!contains(log, "900000000") && !contains(log, "8989898989"));
	arena_fini(&a);
}

TEST(it_stops_cleanly)
{
	fixture_stop();
}
