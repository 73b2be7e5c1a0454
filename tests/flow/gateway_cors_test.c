// needs: tests/flow/gateway_fixture.c
/* What pages of other origins may do. In a real browser: tests/e2e/cors.test.mjs. */
#include "tests/flow/gateway_fixture.h"

#define HOST "Host: api.example.com\r\n"
#define APP  "https://app.example.com"

static const char *const settings[] = { "CORS_ORIGINS=" APP ", http://localhost:3000",
	"LIMIT_READ_PER_ADDRESS=1000", NULL };

static int get(const char *path, const char *fields)
{
	return ask(
		str_of(fixture_format("GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, fields)));
}

static int preflight(const char *path, const char *origin, const char *method)
{
	return ask(str_of(fixture_format("OPTIONS %s HTTP/1.1\r\n" HOST "Origin: %s\r\n"
					 "Access-Control-Request-Method: %s\r\n"
					 "Access-Control-Request-Private-Network: true\r\n"
					 "Access-Control-Request-Headers: "
					 "authorization\r\n\r\n",
		path, origin, method)));
}

static struct str field(const char *name)
{
	return client_field(&fx.client, name);
}

/* Is it one of the list, without regard to case? */
static bool lists(struct str list, const char *name)
{
	struct str one;

	while (str_cut(&list, ',', &one)) {
		if (str_eq_nocase(str_trim(one), str_of(name)))
			return true;
	}
	return false;
}

static void check_open_to(const char *origin)
{
	CHECK_STR(field("Access-Control-Allow-Origin"), str_of(origin));
	CHECK(!field("Access-Control-Allow-Credentials").ptr);
	CHECK(!field("Access-Control-Allow-Private-Network").ptr);
	CHECK_STR(field("Vary"), STR("Origin"));
}

static void check_closed(void)
{
	struct str rest = buf_str(&fx.client.head), line;

	while (str_cut(&rest, '\n', &line))
		CHECK(!str_starts(line, STR("Access-Control-")));
	CHECK_STR(field("Vary"), STR("Origin"));
}

TEST(listed_origins_may_call)
{
	fixture_start(settings);
	CHECK_INT(ASK("OPTIONS /chatroom/1/message HTTP/1.1\r\n" HOST
		      "Origin: https://app.example.com\r\n"
		      "Access-Control-Request-Method: POST\r\n"
		      "Access-Control-Request-Headers: authorization\r\n\r\n"),
		204);
	CHECK_STR(client_field(&fx.client, "Access-Control-Allow-Origin"),
		STR("https://app.example.com"));
	CHECK_STR(client_field(&fx.client, "Access-Control-Allow-Methods"), STR("POST"));
	CHECK(client_field(&fx.client, "Access-Control-Allow-Headers").len > 0);
	CHECK(client_field(&fx.client, "Access-Control-Max-Age").len > 0);
	CHECK_STR(client_field(&fx.client, "Vary"), STR("Origin"));

	CHECK_INT(get("/user/me", "Origin: http://localhost:3000\r\n"), 401);
	CHECK_STR(client_field(&fx.client, "Access-Control-Allow-Origin"),
		STR("http://localhost:3000"));
	CHECK(client_field(&fx.client, "Access-Control-Expose-Headers").len > 0);

	CHECK_INT(
		get("/.well-known/jwks.json", "Origin: https://evil.example.com\r\n"), 200);
	CHECK(!client_field(&fx.client, "Access-Control-Allow-Origin").ptr);
	CHECK_STR(client_field(&fx.client, "Vary"), STR("Origin"));
	CHECK_INT(ASK("OPTIONS /chatroom HTTP/1.1\r\n" HOST
		      "Origin: https://evil.example.com\r\n"
		      "Access-Control-Request-Method: POST\r\n\r\n"),
		204);
	CHECK(!client_field(&fx.client, "Access-Control-Allow-Origin").ptr);
	fixture_stop();
}

TEST(every_route_may_be_asked_for_beforehand)
{
	static const struct {
		const char *path, *methods;
	} rows[] = {
		{ "/auth/signup", "POST" },
		{ "/auth/refresh", "POST" },
		{ "/user/me", "GET, HEAD" },
		{ "/.well-known/jwks.json", "GET, HEAD" },
		{ "/chatroom", "GET, HEAD, POST" },
		{ "/chatroom/1", "GET, HEAD, PATCH" },
		{ "/chatroom/1/message", "POST" },
		{ "/chatroom/1/events", "GET, HEAD" },
		{ "/chatroom/1/message/2/events", "GET, HEAD" },
		{ "/chatroom/1/message/2/stop", "POST" },
		{ "/chatroom/1/message/2/edit", "POST" },
		{ "/chatroom/1/message/2/regenerate", "POST" },
		{ "/events/ticket", "POST" },
		{ "/subscribe/pro", "GET, HEAD, POST" },
		{ "/openapi.yaml", "GET, HEAD" },
	};
	static const char *const may_send[] = { "authorization", "content-type",
		"idempotency-key", "if-match", "if-none-match", "last-event-id", "prefer",
		"traceparent" };

	fixture_start(settings);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_INT(preflight(rows[i].path, APP, "POST"), 204);
		check_open_to(APP);
		CHECK_STR(field("Access-Control-Allow-Methods"), str_of(rows[i].methods));
		for (size_t j = 0; j < sizeof may_send / sizeof *may_send; j++)
			CHECK(lists(field("Access-Control-Allow-Headers"), may_send[j]));
		CHECK_STR(field("Access-Control-Max-Age"), STR("600"));
		CHECK(!field("RateLimit").ptr); /* it costs nothing */
	}
	CHECK_INT(sent_count(), 0);
	fixture_stop();
}

TEST(whatever_the_answer_its_fields_may_be_read)
{
	static const char *const shown[] = { "RateLimit", "RateLimit-Policy", "Retry-After",
		"ETag", "Location", "X-Request-Id", "Link", "Idempotent-Replayed" };
	static const char from[] = "Origin: " APP "\r\n";

	fixture_start(settings);
	for (int i = 0; i < 4; i++) {
		int status =
			i == 0   ? get("/.well-known/jwks.json", from)
			: i == 1 ? get("/user/me", from)
			: i == 2 ? get("/chatroom/1/events", fixture_format("%s%s", from,
								     fixture_bearer(NULL)))
				 : get("/.well-known/jwks.json",
					   "Origin: " APP "\r\nContent-Length: 5000\r\n");

		CHECK_INT(status, i == 1 ? 401 : i == 3 ? 413 : 200);
		check_open_to(APP);
		for (size_t j = 0; j < sizeof shown / sizeof *shown; j++)
			CHECK(lists(field("Access-Control-Expose-Headers"), shown[j]));
	}
	fixture_stop();
}

/* No prefix, no suffix, no null, no other port or scheme is the origin. */
TEST(other_origins_are_told_nothing)
{
	static const char *const others[] = { "null", "https://app.example.com.evil.com",
		"https://evil-app.example.com", "http://app.example.com",
		"https://app.example.com:8443", "https://app.example.com/",
		"https://APP.example.com", "http://localhost", "http://localhost:30000",
		"https://app.example.com, http://localhost:3000", "*", "" };

	fixture_start(settings);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		CHECK_INT(get("/.well-known/jwks.json",
				  fixture_format("Origin: %s\r\n", others[i])),
			200);
		check_closed();
		CHECK_INT(preflight("/chatroom", others[i], "POST"), 204);
		check_closed();
	}
	CHECK_INT(get("/.well-known/jwks.json", ""), 200);
	check_closed(); /* a cache must know that it matters, all the same */
	CHECK_INT(get("/nowhere", ""), 404);
	check_closed();
	fixture_stop();
}

TEST(without_origins_there_is_nothing_to_vary_by)
{
	fixture_start(NULL);
	CHECK_INT(get("/.well-known/jwks.json", "Origin: " APP "\r\n"), 200);
	CHECK(!field("Vary").ptr);
	CHECK(!field("Access-Control-Allow-Origin").ptr);
	fixture_stop();
}

/* ---- the setting ---- */

static int check_setting(const char *origins)
{
	const char *env[] = { "SECRET_KEY=" SECRET, "REDIS_URL=unix:///nonexistent",
		fixture_format("CORS_ORIGINS=%s", origins), NULL };
	const char *words[] = { "check", NULL };

	return process_run("gateway", words, env, NULL, NULL);
}

TEST(origins_are_what_browsers_send)
{
	static const char *const good[] = { "https://a.com", "http://localhost:3000",
		"http://127.0.0.1:8080", "http://[::1]:3000", "https://[2001:db8::1]",
		"https://xn--bcher-kva.example", "capacitor://localhost",
		"chrome-extension://abcdefghijklmnop", "https://a.com:80",
		"https://a.com , http://b.com" };
	static const char *const bad[] = { "*", "null", "a.com", "https://",
		"https://*.a.com", "https://A.com", "HTTPS://a.com", "https://a.com/",
		"https://a.com/x", "https://a.com:443", "http://a.com:80",
		"http://a.com:", "http://a.com:0", "http://a.com:080", "http://a.com:65536",
		"http://a.com:1:2", "https://u@a.com", "https://a.com?x", "https://a.com#x",
		"https://a b.com", "https://[::1", "https://[]", "https://[::1]x",
		"https://a.com,", "://a.com" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (check_setting(good[i]) != 0)
			test_fail(__FILE__, __LINE__, "refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (check_setting(bad[i]) != 2)
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}
