// needs: tests/flow/auth_fixture.c
/*
 * The auth service at its limits: how many codes, what happens when Redis or Postgres is
 * away, which settings it does not start with.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/flow/auth_fixture.h"

/* ---- by webhook, with limits ---- */

TEST(a_delivered_code_is_in_no_answer)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct answer r = talk(&a, hooked.socket,
		&(struct talk){
			.path = "/auth/signup", .body = "{\"mobile\":\"9100000001\"}" });

	CHECK_INT(r.status, 200);
	CHECK_INT(r.json->count, 2);
	CHECK(!json_get(r.json, "otp"));
	struct str sent = hook_take(&a);
	const struct json *j = NULL;
	const char *why;
	size_t body = 0;

	while (body + 4 < sent.len && memcmp(sent.ptr + body, "\r\n\r\n", 4) != 0)
		body++;
	CHECK(contains(sent, "Authorization: Bearer hook-token\r\n"));
	CHECK_INT(json_parse(&a, str_from(sent, body + 4), NULL, &j, &why), ERR_OK);
	CHECK_STR(json_text(json_get(j, "mobile")), STR("+919100000001"));
	struct str code = json_text(json_get(j, "code"));

	CHECK_INT(code.len, 6);
	r = talk(&a, hooked.socket,
		&(struct talk){ .path = "/auth/verify-otp",
			.body = arena_fmt(&a,
				"{\"mobile\":\"9100000001\",\"otp\":\"%.*s\"}",
				STR_ARG(code))
					.ptr });
	CHECK_INT(r.status, 200);
	arena_fini(&a);
}

static struct answer hook_send(struct arena *a, const char *mobile, const char *address)
{
	return talk(a, hooked.socket,
		&(struct talk){ .path = "/auth/send-otp",
			.body = arena_fmt(a, "{\"mobile\":\"%s\"}", mobile).ptr,
			.headers = arena_fmt(
				a, "X-Forwarded-For: 10.9.9.9, %s\r\n", address)
					   .ptr });
}

TEST(the_next_code_has_to_be_waited_for)
{
	fixture_start();
	struct arena a;
	uint64_t first = 0, second = 0;

	arena_init(&a);
	CHECK_INT(hook_send(&a, "9100000002", "192.0.2.1").status, 200);
	struct answer r = hook_send(&a, "9100000002", "192.0.2.1");

	check_problem(&r, 429, "too soon");
	CHECK_STR(answer_str(&r, "code"), STR("rate_limited"));
	CHECK(str_u64(answer_header(&r, STR("Retry-After")), &first) && first > 0 &&
		first <= 30);
	/* the pause doubles with each code of the hour */
	redis_del_matching("castor:hook:otp:*:sent");
	CHECK_INT(hook_send(&a, "9100000002", "192.0.2.1").status, 200);
	r = hook_send(&a, "9100000002", "192.0.2.1");
	CHECK(str_u64(answer_header(&r, STR("Retry-After")), &second) && second > 30 &&
		second <= 60);
	arena_fini(&a);
}

TEST(codes_per_number_are_bounded)
{
	fixture_start();
	struct arena a;
	uint64_t wait_s = 0;

	arena_init(&a);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(hook_send(&a, "9100000003", "192.0.2.2").status, 200);
		redis_del_matching("castor:hook:otp:*:sent");
	}
	struct answer r = hook_send(&a, "9100000003", "192.0.2.2");

	check_problem(&r, 429, "a sixth in the hour");
	CHECK(str_u64(answer_header(&r, STR("Retry-After")), &wait_s) && wait_s > 3500);
	redis_del_matching("castor:hook:otp:*:hour");
	for (int i = 0; i < 5; i++) {
		CHECK_INT(hook_send(&a, "9100000003", "192.0.2.2").status, 200);
		redis_del_matching("castor:hook:otp:*:sent");
	}
	redis_del_matching("castor:hook:otp:*:hour");
	r = hook_send(&a, "9100000003", "192.0.2.2");
	check_problem(&r, 429, "an eleventh in the day");
	CHECK(str_u64(answer_header(&r, STR("Retry-After")), &wait_s) && wait_s > 86000);
	arena_fini(&a);
}

TEST(codes_per_address_are_bounded)
{
	fixture_start();
	struct arena a;
	int sent = 0, refused = 0;

	arena_init(&a);
	for (int i = 0; i < 40; i++) {
		struct str mobile = arena_fmt(&a, "91000001%02d", i);
		struct answer r = hook_send(&a, mobile.ptr, "2001:db8::1");

		sent += r.status == 200;
		refused += r.status == 429;
	}
	CHECK_INT(sent, 30);
	CHECK_INT(refused, 10);
	CHECK_INT(hook_send(&a, "9100000200", "2001:db8::ffff").status,
		429); /* the same customer */
	CHECK_INT(hook_send(&a, "9100000200", "2001:db8:0:1::1").status, 200);
	arena_fini(&a);
}

TEST(failures_per_number_are_bounded)
{
	fixture_start();
	struct arena a;
	int wrong = 0, locked = 0;

	arena_init(&a);
	for (int round = 0; round < 3; round++) {
		redis_del_matching("castor:hook:otp:*:sent");
		CHECK_INT(hook_send(&a, "9100000004", "192.0.2.3").status, 200);
		for (int i = 0; i < 5; i++) {
			struct answer r = talk(&a, hooked.socket,
				&(struct talk){ .path = "/auth/verify-otp",
					.body = arena_fmt(&a,
						"{\"mobile\":\"9100000004\",\"otp\":"
						"\"00000%d\"}",
						i)
							.ptr });

			wrong += r.status == 400;
			locked += r.status == 429;
		}
	}
	CHECK_INT(wrong, 10);
	CHECK_INT(locked, 5);
	arena_fini(&a);
}

/* ---- when a part is missing ---- */

static bool codes_come_again(struct arena *a)
{
	for (int i = 0; i < 2000; i++) {
		if (post(a, "/auth/send-otp", NULL, "{\"mobile\":\"9000000098\"}").status ==
			200)
			return true;
		usleep(10000);
	}
	return false;
}

TEST(without_redis_codes_wait_and_the_rest_goes_on)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000021");
	const char *code = code_for(&a, "9000000021");

	redis_server_kill(&redis);
	static const char *const paths[] = { "/auth/signup", "/auth/send-otp",
		"/auth/forgot-password" };

	for (size_t i = 0; i < 3; i++) {
		struct answer r = post(&a, paths[i], NULL, "{\"mobile\":\"9000000021\"}");

		check_problem(&r, 503, paths[i]);
		CHECK(answer_header(&r, STR("Retry-After")).len > 0);
	}
	struct answer r = verify(&a, "9000000021", code);

	check_problem(&r, 503, "verify-otp");
	CHECK_INT(get(&a, "/user/me", s.access).status, 200);
	CHECK_INT(change(&a, s.access, "strongpass123").status, 200);
	CHECK_INT(refresh(&a, s.refresh).status, 200);
	redis_server_restart(&redis);
	CHECK(codes_come_again(&a));
	CHECK_INT(verify(&a, "9000000021", code_for(&a, "9000000021")).status, 200);
	arena_fini(&a);
}

/* A right code is not used up for nothing. */
TEST(without_postgres_the_code_stays_good)
{
	fixture_start();
	struct arena a;

	arena_init(&a);
	struct session s = sign_in(&a, "9000000022");
	const char *code = code_for(&a, "9000000022");

	pg_server_down(postgres);
	struct answer r = get(&a, "/user/me", s.access);

	check_problem(&r, 503, "/user/me");
	CHECK(answer_header(&r, STR("Retry-After")).len > 0);
	r = verify(&a, "9000000022", code);
	check_problem(&r, 503, "verify-otp");
	pg_server_up(postgres);
	CHECK(process_ready(&auth) && process_ready(&hooked));
	CHECK_INT(verify(&a, "9000000022", code).status, 200);
	arena_fini(&a);
}

/* ---- commands and settings ---- */

TEST(keygen_never_overwrites)
{
	fixture_start();
	struct arena a;
	struct stat st;
	const char *const words[] = { "keygen", auth_keys.dir, NULL };

	arena_init(&a);
	CHECK(stat(auth_keys.private_path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(stat(auth_keys.public_path, &st) == 0);
	CHECK_INT(process_run("auth", words, (const char *const[]){ NULL }, &a, NULL), 1);
	arena_fini(&a);
}

#define COMMON      "DATABASE_URL=postgres://localhost/x", "REDIS_URL=redis://127.0.0.1:1"
#define LONG_SECRET "SECRET_KEY=Zk3vQ9pLx7Tn2Wc8Rb5Yd1Hf6Gj4Ks0M"

TEST(wrong_settings_stop_it_at_the_start)
{
	fixture_start();
	const struct {
		const char *env[8];
		const char *named[3];
	} rows[] = {
		{ { NULL }, { "SECRET_KEY", "DATABASE_URL", "REDIS_URL" } },
		{ { COMMON, LONG_SECRET, "CASTOR_ENV=production" }, { "OTP_DELIVERY" } },
		{ { COMMON, "SECRET_KEY=Zk3vQ9pLx7Tn2Wc", "CASTOR_ENV=production",
			  "OTP_DELIVERY=webhook" },
			{ "SECRET_KEY", "OTP_WEBHOOK_URL" } },
		{ { COMMON, "SECRET_KEY=your-secret-key-change-me-in-production",
			  "CASTOR_ENV=production" },
			{ "SECRET_KEY", "OTP_DELIVERY" } },
		{ { COMMON, "SECRET_KEY=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			  "CASTOR_ENV=production" },
			{ "SECRET_KEY" } },
		{ { COMMON, LONG_SECRET, "DEFAULT_REGION=XX", "ACCESS_TOKEN_S=0" },
			{ "DEFAULT_REGION", "ACCESS_TOKEN_S" } },
		{ { COMMON, LONG_SECRET, "OTP_DELIVERY=pigeon" }, { "OTP_DELIVERY" } },
		{ { COMMON, LONG_SECRET, "OTP_DELIVERY=webhook" }, { "OTP_WEBHOOK_URL" } },
		{ { COMMON, LONG_SECRET, "JWT_PRIVATE_KEY=rubbish" },
			{ "JWT_PRIVATE_KEY" } },
		{ { COMMON, LONG_SECRET, auth_keys.private_env }, { "JWT_PUBLIC_KEY" } },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str said = STR_NONE;

		CHECK_INT(process_run("auth", NULL, rows[i].env, &a, &said), 2);
		for (int n = 0; n < 3 && rows[i].named[n]; n++)
			if (!contains(said, rows[i].named[n]))
				test_fail(__FILE__, __LINE__, "%zu: %s is not named: %.*s",
					i, rows[i].named[n], STR_ARG(said));
	}
	arena_fini(&a);
}

TEST(it_stops_cleanly)
{
	fixture_stop();
}
