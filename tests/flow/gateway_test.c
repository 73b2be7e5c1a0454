// needs: tests/flow/gateway_fixture.c
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/flow/gateway_fixture.h"
#include "json/read.h"

#define HOST "Host: api.example.com\r\n"

static int get(const char *path, const char *fields)
{
	return ask(
		str_of(fixture_format("GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, fields)));
}

static int post(const char *path, const char *fields, const char *body)
{
	return ask(str_of(fixture_format("POST %s HTTP/1.1\r\n" HOST
					 "Content-Type: application/json\r\n%s"
					 "Content-Length: %zu\r\n\r\n%s",
		path, fields, strlen(body), body)));
}

/* The member of the last answer's problem document. */
static struct str problem(const char *member)
{
	const struct json *doc;
	const char *why;

	CHECK_STR(
		client_field(&fx.client, "Content-Type"), STR("application/problem+json"));
	if (json_parse(&fx.arena, buf_str(&fx.client.body), NULL, &doc, &why) != ERR_OK)
		return STR_NONE;
	return json_text(json_get(doc, member));
}

/* ---- requests are rebuilt ---- */

TEST(a_request_is_rebuilt_and_its_answer_passed_back)
{
	fixture_start(NULL);
	fixture_answer(
		"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
		"Content-Length: 7\r\nLocation: /chatroom/1\r\nX-Request-Id: theirs\r\n"
		"Server: inner\r\nX-Internal-Host: db1\r\nKeep-Alive: timeout=5\r\n"
		"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nETag: "
		"\"e\"\r\n\r\n{\"a\":1}");
	CHECK_INT(post("/auth/signup", "Accept: application/json\r\nUser-Agent: test\r\n",
			  "{\"m\":1}"),
		201);
	CHECK(str_starts(str_span(fx.request, fx.request_len),
		STR("POST /auth/signup HTTP/1.1\r\nHost: auth\r\n")));
	CHECK_STR(sent_field("Content-Type"), STR("application/json"));
	CHECK_STR(sent_field("Accept"), STR("application/json"));
	CHECK_STR(sent_field("User-Agent"), STR("test"));
	CHECK_STR(sent_field("Content-Length"), STR("7"));
	CHECK_STR(sent_field("X-Forwarded-Host"), STR("api.example.com"));
	CHECK_STR(sent_field("X-Forwarded-Proto"), STR("http"));
	CHECK(sent_has("\r\n\r\n{\"m\":1}"));

	CHECK_STR(buf_str(&fx.client.body), STR("{\"a\":1}"));
	CHECK_STR(client_field(&fx.client, "Location"), STR("/chatroom/1"));
	CHECK_STR(client_field(&fx.client, "ETag"), STR("\"e\""));
	CHECK_STR(client_field(&fx.client, "X-Request-Id"), sent_field("X-Request-Id"));
	CHECK(!client_field(&fx.client, "Server").ptr);
	CHECK(!client_field(&fx.client, "X-Internal-Host").ptr);
	CHECK(!client_field(&fx.client, "Keep-Alive").ptr);
	CHECK(!client_field(&fx.client, "X-Hop").ptr);
	fixture_stop();
}

TEST(what_the_gateway_vouches_for_cannot_be_given_from_outside)
{
	fixture_start(NULL);
	CHECK_INT(get("/.well-known/jwks.json",
			  "X-Forwarded-For: 1.2.3.4\r\nx-forwarded-host: evil\r\n"
			  "X-FORWARDED-PROTO: https\r\nForwarded: for=1.2.3.4\r\n"
			  "X-Real-IP: 1.2.3.4\r\nX-Request-Id: chosen\r\nX-User-Id: 1\r\n"
			  "x-internal-anything: 1\r\nX-Request-Deadline-Ms: 1\r\n"
			  "Authorization: Bearer x\r\nStripe-Signature: t=1\r\nCookie: "
			  "a=b\r\n"
			  "TE: trailers\r\nKeep-Alive: 1\r\nProxy-Authorization: x\r\n"),
		200);
	CHECK_STR(sent_field("X-Forwarded-For"), STR("unix"));
	CHECK_STR(sent_field("X-Forwarded-Proto"), STR("http"));
	CHECK(!sent_has("1.2.3.4"));
	CHECK(!sent_has("evil"));
	CHECK(!sent_has("chosen"));
	CHECK(!sent_has("X-User"));
	CHECK(!sent_has("nternal"));
	CHECK(!sent_has("Bearer"));
	CHECK(!sent_has("Stripe"));
	CHECK(!sent_has("Cookie"));
	CHECK(!sent_has("TE:"));
	CHECK(!sent_has("Keep-Alive"));
	CHECK(!sent_has("Proxy-"));
	CHECK(sent_field("X-Request-Deadline-Ms").len > 3);
	CHECK_INT(sent_field("X-Request-Id").len, 32);
	/* With '_' for '-' a field name is malformed altogether. */
	CHECK_INT(get("/.well-known/jwks.json", "X_User_Id: 1\r\n"), 400);
	CHECK_INT(sent_count(), 1);
	fixture_stop();
}

TEST(a_trusted_proxy_is_believed)
{
	static const char *const settings[] = { "TRUSTED_PROXIES=unix,10.0.0.0/8", NULL };

	fixture_start(settings);
	CHECK_INT(get("/.well-known/jwks.json",
			  "X-Forwarded-For: 9.9.9.9, 192.0.2.7, 10.1.1.1\r\n"
			  "X-Forwarded-Proto: https\r\nX-Request-Id: from-the-edge\r\n"),
		200);
	CHECK_STR(sent_field("X-Forwarded-For"), STR("192.0.2.7"));
	CHECK_STR(sent_field("X-Forwarded-Proto"), STR("https"));
	CHECK_STR(sent_field("X-Request-Id"), STR("from-the-edge"));
	CHECK_STR(client_field(&fx.client, "X-Request-Id"), STR("from-the-edge"));
	fixture_stop();
}

TEST(a_trace_goes_on_under_a_new_span)
{
	static const char given[] =
		"00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
	struct str sent;

	fixture_start(NULL);
	get("/.well-known/jwks.json",
		fixture_format("traceparent: %s\r\ntracestate: a=b\r\n", given));
	sent = sent_field("traceparent");
	CHECK_INT(sent.len, 55);
	CHECK(str_starts(sent, str_span(given, 36)));
	CHECK(!str_starts(sent, str_span(given, 52)));
	CHECK(str_ends(sent, STR("-01")));
	CHECK_STR(sent_field("tracestate"), STR("a=b"));

	get("/.well-known/jwks.json", "traceparent: 00-0-0-01\r\ntracestate: a=b\r\n");
	CHECK_INT(sent_field("traceparent").len, 55);
	CHECK(str_ends(
		sent_field("traceparent"), STR("-02"))); /* not sampled, a random id */
	CHECK(!sent_field("tracestate").ptr);
	fixture_stop();
}

#define TRACE  "0123456789abcdef0123456789abcdef"
#define PARENT "traceparent: 00-" TRACE "-0123456789abcdef-01\r\n"

/* What is left of both fields; version ff and so on: tests/unit/trace_test.c. */
TEST(a_trace_s_fields_are_checked_before_they_go_on)
{
	static const struct {
		const char *fields, *flags; /* NULL: another trace */
		const char *state;
	} rows[] = {
		{ "traceparent: 00-" TRACE "-0123456789abcdef-ff\r\n", "-03", "" },
		{ "traceparent: cc-" TRACE "-0123456789abcdef-01-more\r\n", "-01", "" },
		{ "traceparent: ff-" TRACE "-0123456789abcdef-01\r\ntracestate: a=b\r\n",
			NULL, "" },
		{ PARENT PARENT "tracestate: a=b\r\n", NULL, "" },
		{ "tracestate: a=b\r\n", NULL, "" },
		{ PARENT "tracestate: a=1\r\nx: y\r\ntracestate: b=2\r\n", "-01", "a=1" },
		{ PARENT "tracestate: a=1, B=2\r\n", "-01", "" },
		{ PARENT "tracestate: a=1\r\ntracestate: =\r\n", "-01", "" },
	};

	fixture_start(NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str sent;

		CHECK_INT(get("/.well-known/jwks.json", rows[i].fields), 200);
		sent = sent_field("traceparent");
		CHECK_INT(sent.len, 55);
		CHECK(str_starts(sent, STR("00-")));
		CHECK(str_eq(str_span(sent.ptr + 3, 32), STR(TRACE)) ==
			(rows[i].flags != NULL));
		CHECK(str_ends(sent, str_of(rows[i].flags ? rows[i].flags : "-02")));
		CHECK_STR(sent_field("tracestate"), str_of(rows[i].state));
	}
	CHECK(!sent_has("B=2"));
	fixture_stop();
}

TEST(a_tracestate_that_is_too_long_is_left_out)
{
	char state[700] = "tracestate: a=0", *end = state + strlen(state);

	fixture_start(NULL);
	for (int i = 1; i < 33; i++) {
		get("/.well-known/jwks.json", fixture_format(PARENT "%s\r\n", state));
		CHECK_INT(sent_field("tracestate").len, end - state - 12);
		end += snprintf(end, 10, ",a=%d", i);
	}
	get("/.well-known/jwks.json", fixture_format(PARENT "%s\r\n", state)); /* 33 */
	CHECK(!sent_field("tracestate").ptr);
	for (int len = 512; len <= 513; len++) { /* in three fields */
		snprintf(state, sizeof state,
			"tracestate: a=%0250d\r\ntracestate: b=%0200d\r\ntracestate: c=%0*d",
			1, 1, len - 456, 1);
		get("/.well-known/jwks.json", fixture_format(PARENT "%s\r\n", state));
		CHECK_INT(sent_field("tracestate").len, len == 512 ? 252 : 0);
	}
	fixture_stop();
}

/* Before anything of the gateway's own has looked at it. */
TEST(a_refused_request_chose_no_id_either)
{
	static const char *const settings[] = { "TRUSTED_PROXIES=unix", NULL };
	static const char bad[] =
		"GET / HTTP/1.1\r\nX-Request-Id: chosen\r\nHost: a\r\nHost: b\r\n\r\n";
	static const char long_id[] = "GET / HTTP/1.1\r\n" HOST "X-Request-Id: ";

	fixture_start(NULL);
	CHECK_INT(ask(str_of(bad)), 400);
	CHECK_INT(client_field(&fx.client, "X-Request-Id").len, 32);
	CHECK_STR(client_field(&fx.client, "X-Request-Id"), problem("request_id"));
	fixture_stop();

	fixture_start(settings);
	CHECK_INT(get("/nowhere", "X-Request-Id: chosen\r\n"), 404);
	CHECK_STR(problem("request_id"), STR("chosen"));
	for (int len = 128; len <= 129; len++) {
		CHECK_INT(
			ask(arena_fmt(&fx.arena, "%s%0*d\r\n\r\n", long_id, len, 1)), 200);
		CHECK_INT(client_field(&fx.client, "X-Request-Id").len,
			len == 128 ? 128 : 32);
	}
	CHECK_INT(get("/", "X-Request-Id: a b\r\n"), 200);
	CHECK_INT(client_field(&fx.client, "X-Request-Id").len, 32);
	CHECK_INT(get("/", "X-Request-Id: a\r\nX-Request-Id: b\r\n"), 200);
	CHECK_INT(client_field(&fx.client, "X-Request-Id").len, 32);
	fixture_stop();
}

TEST(the_path_is_normalised_once_and_the_query_left_alone)
{
	fixture_start(NULL);
	CHECK_INT(get("/a/../%2ewell-known/./jwks.json?x=%2F&y=a+b", ""), 200);
	CHECK(str_starts(str_span(fx.request, fx.request_len),
		STR("GET /.well-known/jwks.json?x=%2F&y=a+b HTTP/1.1\r\n")));
	CHECK_INT(get("/.well-known/jwks.json/", ""), 200);
	CHECK_INT(get("/.well-known%2fjwks.json", ""), 400);
	CHECK_INT(get("//.well-known/jwks.json", ""), 400);
	fixture_stop();
}

/* Also where nobody reads them, and however they are spelled. */
TEST(a_query_parameter_given_twice_is_refused)
{
	fixture_start(NULL);
	CHECK_INT(get("/.well-known/jwks.json?a=1&b=1", ""), 200);
	CHECK_INT(get("/.well-known/jwks.json?a=1&b=1&a=1", ""), 400);
	CHECK_STR(problem("code"), STR("malformed_request"));
	CHECK_INT(get("/.well-known/jwks.json?limit=1&l%69mit=2", ""), 400);
	CHECK_INT(get("/?a&a", ""), 400);
	CHECK_INT(sent_count(), 1);
	fixture_stop();
}

TEST(what_services_read_is_passed_on)
{
	static const char *const names[] = { "Accept", "Accept-Language",
		"Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match",
		"If-None-Match", "Last-Event-ID", "Prefer", "User-Agent" };
	struct buf fields = { 0 };

	fixture_start(NULL);
	buf_addf(&fields, "%s", fixture_bearer(NULL));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		buf_addf(&fields, "%s: value-%zu\r\n", names[i], i);
	CHECK_INT(get("/chatroom", buf_cstr(&fields)), 200);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		CHECK_STR(sent_field(names[i]), str_of(fixture_format("value-%zu", i)));
	CHECK(str_starts(sent_field("Authorization"), STR("Bearer ")));
	buf_fini(&fields);
	fixture_stop();
}

static void add_many(struct buf *b, char c, size_t n)
{
	memset(buf_reserve(b, n), c, n);
	b->len += n;
}

TEST(a_head_of_any_size_is_rebuilt)
{
	struct buf target = { 0 }, head = { 0 };

	fixture_start(NULL);
	buf_add_str(&target, STR("GET /chatroom/"));
	add_many(&target, 'p', 7000);
	buf_add_char(&target, '?');
	add_many(&target, 'q', 1000);
	buf_add_str(&target, STR(" HTTP/1.1\r\nHost: "));
	buf_add_str(&head, buf_str(&target));
	add_many(&head, 'h', 255);
	buf_addf(&head, "\r\n%s", fixture_bearer(NULL));
	for (int i = 0; i < 5; i++) {
		buf_add_str(&head, STR("Accept: "));
		add_many(&head, 'a', 4000);
		buf_add_str(&head, STR("\r\n"));
	}
	buf_add_str(&head, STR("\r\n"));
	CHECK_INT(ask(buf_str(&head)), 200);
	CHECK(str_starts(str_span(fx.request, fx.request_len), buf_str(&target)));
	CHECK_INT(sent_field("X-Forwarded-Host").len, 255);
	CHECK_INT(sent_field("Accept").len, 4000);
	CHECK(fx.request_len > head.len);
	buf_fini(&target);
	buf_fini(&head);
	fixture_stop();
}

TEST(connection_must_not_name_what_is_needed)
{
	static const char *const bad[] = { "Authorization", "close, host", "content-length",
		"X-Forwarded-For", "x-user-id", "X-Internal-Id", "Content-Type",
		"traceparent", "tracestate", "Forwarded", "X-Real-IP", "X-Request-Id",
		"X-Request-Deadline-Ms", "X-Request-Attempt", "X-Forwarded-" };

	fixture_start(NULL);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(get("/.well-known/jwks.json",
				  fixture_format("Connection: %s\r\n", bad[i])),
			400);
	CHECK_INT(sent_count(), 0);
	CHECK_INT(get("/.well-known/jwks.json",
			  "Connection: close, TE, X-Mine, Hosts, X-User\r\n"),
		200);
	fixture_stop();
}

TEST(a_webhook_s_bytes_and_signature_pass_untouched)
{
	static const char body[] = "{ \"a\" :\t1 }\n\xff\x01 ";

	fixture_start(NULL);
	CHECK_INT(
		post("/webhook/stripe",
			"Stripe-Signature: t=1,v1=ab\r\nAuthorization: Bearer x\r\n", body),
		200);
	CHECK_INT(fx.billing->requests, 1);
	CHECK_STR(sent_field("Stripe-Signature"), STR("t=1,v1=ab"));
	CHECK(!sent_field("Authorization").ptr);
	CHECK(str_ends(str_span(fx.request, fx.request_len), str_of(body)));
	fixture_stop();
}

TEST(a_chunked_request_is_passed_on_with_its_length)
{
	fixture_start(NULL);
	CHECK_INT(ASK("POST /auth/signup HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		200);
	CHECK_STR(sent_field("Content-Length"), STR("5"));
	CHECK(!sent_field("Transfer-Encoding").ptr);
	CHECK(sent_has("\r\n\r\nabcde"));
	fixture_stop();
}

/* ---- routes and callers ---- */

TEST(requests_that_are_not_for_anyone)
{
	fixture_start(NULL);
	CHECK_INT(get("/nowhere", ""), 404);
	CHECK_STR(problem("code"), STR("not_found"));
	CHECK_INT(get("/chatroom/1/message/2", ""), 404);
	CHECK_INT(ASK("DELETE /chatroom HTTP/1.1\r\n" HOST "\r\n"), 405);
	CHECK_STR(client_field(&fx.client, "Allow"), STR("GET, HEAD, POST"));
	CHECK_STR(problem("code"), STR("method_not_allowed"));
	CHECK_INT(get("/auth/signup", ""), 405);
	CHECK_STR(client_field(&fx.client, "Allow"), STR("POST"));
	CHECK_INT(ASK("BREW /chatroom HTTP/1.1\r\n" HOST "\r\n"), 501);
	CHECK_INT(ASK("OPTIONS /chatroom HTTP/1.1\r\n" HOST "\r\n"), 204);
	CHECK_STR(client_field(&fx.client, "Allow"), STR("GET, HEAD, POST"));
	CHECK_INT(sent_count(), 0);
	fixture_stop();
}

TEST(a_token_is_asked_for)
{
	static const struct {
		const char *fields, *challenge; /* RFC 6750 3 */
	} rows[] = {
		{ "", "Bearer realm=\"castor\"" },
		{ "Authorization: Basic dXNlcjpwYXNz\r\n", "Bearer realm=\"castor\"" },
		{ "Authorization: Bearer\r\n", "Bearer error=\"invalid_token\"" },
		{ "Authorization: Bearer x\r\n", "Bearer error=\"invalid_token\"" },
		{ "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n",
			"Bearer error=\"invalid_token\"" },
	};

	fixture_start(NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_INT(get("/user/me", rows[i].fields), 401);
		CHECK_STR(client_field(&fx.client, "WWW-Authenticate"),
			str_of(rows[i].challenge));
		CHECK_STR(problem("code"), STR("unauthorized"));
	}
	CHECK_INT(sent_count(), 0);
	fixture_stop();
}

TEST(a_good_token_goes_on_to_the_service)
{
	const char *bearer;

	fixture_start(NULL);
	bearer = fixture_bearer(NULL);
	CHECK_INT(get("/user/me", bearer), 200);
	CHECK_INT(fx.auth->requests, 1);
	CHECK(sent_has(bearer));
	CHECK_INT(get("/chatroom/0190", bearer), 200);
	CHECK_INT(fx.chat->requests, 1);
	CHECK_INT(get("/subscription/status", bearer), 200);
	CHECK_INT(fx.billing->requests, 1);
	fixture_stop();
}

TEST(head_is_answered_like_get_without_the_body)
{
	fixture_start(NULL);
	CHECK_INT(ASK("HEAD /.well-known/jwks.json HTTP/1.1\r\n" HOST
		      "Connection: close\r\n\r\n"),
		0); /* the client waits for the body that Content-Length names */
	CHECK(str_starts(str_span(fx.request, fx.request_len), STR("GET ")));
	CHECK(fx.client.eof);
	CHECK_STR(client_field(&fx.client, "Content-Length"), STR("2"));
	fixture_stop();
}

TEST(bodies_are_limited)
{
	static char big[20000];

	fixture_start(NULL);
	CHECK_INT(
		ASK("POST /auth/signup HTTP/1.1\r\n" HOST "Content-Length: 16385\r\n\r\n"),
		413);
	CHECK_INT(ASK("GET /.well-known/jwks.json HTTP/1.1\r\n" HOST
		      "Content-Length: 5000\r\n\r\n"),
		413);
	memset(big, 'x', sizeof big);
	fixture_client(&fx.client);
	SAY(&fx.client, "POST /auth/signup HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n\r\n4e20\r\n");
	client_say(&fx.client, str_span(big, sizeof big));
	CHECK_INT(client_answer(&fx.client), 413);
	CHECK_INT(sent_count(), 0);
	fixture_stop();
}

TEST(only_listed_hosts_are_served)
{
	static const char *const settings[] = { "ALLOWED_HOSTS=api.example.com, other:81",
		NULL };

	fixture_start(settings);
	CHECK_INT(ASK("GET / HTTP/1.1\r\nHost: API.example.com\r\n\r\n"), 200);
	CHECK_INT(ASK("GET / HTTP/1.1\r\nHost: api.example.com:8000\r\n\r\n"), 200);
	CHECK_INT(ASK("GET / HTTP/1.1\r\nHost: other:81\r\n\r\n"), 200);
	CHECK_INT(ASK("GET / HTTP/1.1\r\nHost: other:82\r\n\r\n"), 421);
	CHECK_INT(ASK("GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n"), 421);
	CHECK_INT(ASK("GET http://evil/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n"), 421);
	fixture_stop();
}

TEST(the_gateway_tells_what_it_is)
{
	fixture_start(NULL);
	CHECK_INT(get("/", ""), 200);
	CHECK(memmem(fx.client.body.ptr, fx.client.body.len, "/openapi.yaml", 13));
	CHECK_INT(get("/openapi.yaml", ""), 200);
	CHECK(str_starts(buf_str(&fx.client.body), STR("openapi: 3.1")));
	fixture_stop();
}

/* ---- limits ---- */

TEST(a_user_who_asks_too_often_waits)
{
	static const char *const settings[] = { "LIMIT_READ_PER_USER=2", NULL };
	const char *bearer;

	fixture_start(settings);
	bearer = fixture_bearer(NULL);
	CHECK_INT(get("/user/me", bearer), 200);
	CHECK_STR(client_field(&fx.client, "RateLimit-Policy"),
		STR("\"read-per-user\";q=2;w=60"));
	CHECK_STR(client_field(&fx.client, "RateLimit"), STR("\"read-per-user\";r=1;t=30"));
	CHECK_INT(get("/chatroom", bearer), 200);
	CHECK_INT(get("/user/me", bearer), 429);
	CHECK_STR(problem("code"), STR("rate_limited"));
	CHECK(str_ends(problem("type"), STR("#quota-exceeded")));
	CHECK_STR(client_field(&fx.client, "Retry-After"), STR("30"));
	CHECK_STR(client_field(&fx.client, "RateLimit-Policy"),
		STR("\"read-per-user\";q=2;w=60"));
	CHECK_STR(client_field(&fx.client, "RateLimit"), STR("\"read-per-user\";r=0;t=30"));
	CHECK_INT(post("/chatroom", bearer, "{}"), 200); /* of another class */
	CHECK_INT(get("/user/me", fixture_bearer(NULL)), 200);
	CHECK_INT(sent_count(), 4);
	fixture_stop();
}

TEST(a_user_is_one_caller_with_whatever_token)
{
	static const char *const settings[] = { "LIMIT_READ_PER_USER=2", NULL };
	struct identity who = { .user_id = uuid_v7(), .session_id = uuid_v7() };

	fixture_start(settings);
	CHECK_INT(get("/user/me", fixture_bearer(&who)), 200);
	CHECK_INT(get("/user/me", fixture_bearer(&who)), 200); /* another token */
	who.session_id = uuid_v7();
	CHECK_INT(get("/user/me", fixture_bearer(&who)), 429);
	fixture_stop();
}

/* All values of a field, as one list (RFC 9110 5.3). */
static struct str list_of(const char *name)
{
	struct str rest = buf_str(&fx.client.head), line, all = STR_NONE;

	while (str_cut(&rest, '\n', &line)) {
		size_t colon = str_find(line, ':');

		if (!str_eq_nocase(str_span(line.ptr, colon), str_of(name)))
			continue;
		line = str_trim(str_from(line, colon + 1));
		line.len -= line.len && line.ptr[line.len - 1] == '\r';
		all = arena_fmt(&fx.arena, "%.*s%s%.*s", STR_ARG(all), all.len ? ", " : "",
			STR_ARG(line));
	}
	return all;
}

/* draft-ietf-httpapi-ratelimit-headers-11: whatever becomes of the request. */
TEST(every_limited_answer_says_what_is_left)
{
	static const char *const settings[] = { "LIMIT_READ_PER_USER=4",
		"LIMIT_READ_PER_ADDRESS=60", "LIMIT_WRITE_PER_ADDRESS=60",
		"UPSTREAM_CONNECTIONS=2", NULL };
	static const char address[] = "\"read-per-address\";q=60;w=60";
	static const char both[] =
		"\"read-per-address\";q=60;w=60, \"read-per-user\";q=4;w=60";
	const char *bearer;

	fixture_start(settings);
	bearer = arena_fmt(&fx.arena, "%s", fixture_bearer(NULL)).ptr;
	CHECK_INT(get("/user/me", bearer), 200);
	CHECK_STR(list_of("RateLimit-Policy"), str_of(both));
	CHECK_STR(list_of("RateLimit"),
		STR("\"read-per-address\";r=59;t=1, \"read-per-user\";r=3;t=15"));

	fixture_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(get("/chatroom/1", bearer), 404);
	CHECK_STR(list_of("RateLimit-Policy"), str_of(both));
	/* What the service says of limits of its own stands beside it. */
	fixture_answer(
		"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n"
		"RateLimit-Policy: \"day\";q=5;w=86400\r\n"
		"RateLimit: \"day\";r=0;t=99\r\nRetry-After: 99\r\n\r\n");
	CHECK_INT(get("/usage", bearer), 429);
	CHECK(str_ends(list_of("RateLimit-Policy"), STR(", \"day\";q=5;w=86400")));
	CHECK(str_starts(list_of("RateLimit-Policy"), str_of(both)));
	CHECK(str_ends(list_of("RateLimit"), STR(", \"day\";r=0;t=99")));
	CHECK_STR(list_of("Retry-After"), STR("99"));

	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CHECK_INT(get("/user/me", "Authorization: Bearer x\r\n"), 401);
	CHECK_STR(list_of("RateLimit-Policy"), str_of(address));
	CHECK_INT(
		get("/user/me", fixture_format("%sContent-Length: 9999\r\n", bearer)), 413);
	CHECK_STR(list_of("RateLimit-Policy"), str_of(both));
	CHECK_INT(get("/user/me", bearer), 429);
	CHECK_STR(list_of("RateLimit-Policy"), str_of(both));
	CHECK(str_ends(list_of("RateLimit"), STR(", \"read-per-user\";r=0;t=15")));
	CHECK_STR(list_of("Retry-After"), STR("15"));
	CHECK_INT(get("/nowhere", bearer), 404); /* nobody counts those */
	CHECK_STR(list_of("RateLimit-Policy"), STR_NONE);
	fixture_stop();
}

TEST(clients_of_older_fields_are_served_if_that_is_set)
{
	static const char *const settings[] = { "LIMIT_READ_PER_USER=2",
		"LIMIT_READ_PER_ADDRESS=60", "RATELIMIT_X_FIELDS=true", NULL };
	const char *bearer;

	fixture_start(settings);
	bearer = arena_fmt(&fx.arena, "%s", fixture_bearer(NULL)).ptr;
	for (int left = 1; left >= 0; left--) { /* of what is used up first */
		CHECK_INT(get("/user/me", bearer), 200);
		CHECK_STR(list_of("X-RateLimit-Limit"), STR("2"));
		CHECK_STR(list_of("X-RateLimit-Remaining"), left ? STR("1") : STR("0"));
		CHECK_STR(list_of("X-RateLimit-Reset"), STR("30"));
	}
	CHECK_INT(get("/user/me", bearer), 429);
	CHECK_STR(list_of("X-RateLimit-Remaining"), STR("0"));
	CHECK_STR(list_of("X-RateLimit-Reset"), list_of("Retry-After"));
	CHECK_INT(get("/", ""), 200);
	CHECK_STR(list_of("X-RateLimit-Limit"), STR("60"));
	fixture_stop();
}

TEST(an_address_that_asks_too_often_waits)
{
	static const char *const settings[] = { "LIMIT_SESSION_PER_ADDRESS=1",
		"TRUSTED_PROXIES=unix", NULL };

	fixture_start(settings);
	CHECK_INT(post("/auth/refresh", "X-Forwarded-For: 192.0.2.1\r\n", "{}"), 200);
	CHECK_INT(post("/auth/refresh", "X-Forwarded-For: 192.0.2.1\r\n", "{}"), 429);
	CHECK_INT(post("/auth/refresh", "X-Forwarded-For: 192.0.2.2\r\n", "{}"), 200);
	/* A /64 is one client. */
	CHECK_INT(post("/auth/refresh", "X-Forwarded-For: 2001:db8::1\r\n", "{}"), 200);
	CHECK_INT(post("/auth/refresh", "X-Forwarded-For: 2001:db8::2\r\n", "{}"), 429);
	fixture_stop();
}

/* ---- services that fail ---- */

TEST(a_service_that_is_not_there)
{
	fixture_start(NULL);
	peer_close(&fx.auth);
	fx.auth = NULL;
	CHECK_INT(ASK("POST /auth/signup HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
		503);
	CHECK(client_field(&fx.client, "Retry-After").len > 0);
	CHECK_STR(problem("code"), STR("unavailable"));
	CHECK_INT(get("/chatroom", fixture_bearer(NULL)), 200); /* the others carry on */
	fixture_stop();
}

TEST(answers_that_make_no_sense)
{
	static const char *const bad[] = { "nonsense\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n" };

	fixture_start(NULL);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		fixture_answer(bad[i]);
		CHECK_INT(post("/auth/signup", "", "{}"), 502);
		CHECK_STR(problem("code"), STR("bad_gateway"));
	}
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	CHECK_INT(post("/auth/signup", "", "{}"), 200);
	fixture_stop();
}

static void hang_up(struct peer_conn *c)
{
	peer_hang_up(c);
}

TEST(only_what_may_be_repeated_is)
{
	const char *bearer;

	fixture_start(NULL);
	bearer = fixture_bearer(NULL);
	fixture_handler(hang_up);
	CHECK_INT(get("/user/me", bearer), 502);
	CHECK_INT(sent_count(), 2);
	CHECK_INT(post("/auth/signup", "", "{}"), 502);
	CHECK_INT(sent_count(), 3);
	CHECK_INT(post("/chatroom/1/message", bearer, "{}"), 502);
	CHECK_INT(sent_count(), 4);
	CHECK_INT(post("/chatroom/1/message",
			  fixture_format("%sIdempotency-Key: k\r\n", bearer), "{}"),
		502);
	CHECK_INT(sent_count(), 6);
	fixture_stop();
}

TEST(a_service_that_does_not_answer)
{
	static const char *const settings[] = { "UPSTREAM_TIMEOUT_MS=200", NULL };

	fixture_start(settings);
	fixture_answer(NULL);
	CHECK_INT(post("/auth/signup", "", "{}"), 504);
	CHECK_STR(problem("code"), STR("upstream_timeout"));
	fixture_stop();
}

TEST(a_short_answer_that_is_cut_is_a_bad_gateway)
{
	fixture_start(NULL);
	fixture_handler(hang_up);
	fixture_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
	fixture_client(&fx.client);
	SAY(&fx.client, "POST /auth/signup HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	TURN_UNTIL(&fx.web.app.loop, sent_count() == 1);
	peer_hang_up(fx.conn);
	CHECK_INT(client_answer(&fx.client), 502);
	fixture_stop();
}

/* ---- streams ---- */

static void open_stream(const char *head)
{
	fixture_answer(head);
	fixture_client(&fx.client);
	client_say(&fx.client,
		str_of(fixture_format(
			"GET /chatroom HTTP/1.1\r\n" HOST "%s\r\n", fixture_bearer(NULL))));
	TURN_UNTIL(&fx.web.app.loop, fx.chat->requests == 1);
}

static bool client_got(const char *text)
{
	client_look(&fx.client);
	return fx.client.got.len &&
	       memmem(fx.client.got.ptr, fx.client.got.len, text, strlen(text));
}

TEST(a_stream_passes_piece_by_piece)
{
	fixture_start(NULL);
	open_stream(
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		"Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n");
	TURN_UNTIL(&fx.web.app.loop, client_got("text/event-stream"));
	peer_say(fx.conn, STR("9\r\ndata: 1\n\n\r\n"));
	TURN_UNTIL(&fx.web.app.loop, client_got("data: 1"));
	peer_say(fx.conn, STR("9\r\ndata: 2\n\n\r\n"));
	TURN_UNTIL(&fx.web.app.loop, client_got("data: 2"));
	peer_say(fx.conn, STR("0\r\n\r\n"));
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK_STR(buf_str(&fx.client.body), STR("data: 1\n\ndata: 2\n\n"));
	fixture_stop();
}

TEST(a_stream_that_is_cut_is_seen_to_be_cut)
{
	fixture_start(NULL);
	open_stream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	TURN_UNTIL(&fx.web.app.loop, client_got("abc"));
	peer_hang_up(fx.conn);
	CHECK_INT(client_answer(&fx.client), 0);
	CHECK(!client_got("0\r\n\r\n"));
	fixture_stop();
}

TEST(a_long_answer_keeps_its_length)
{
	static char body[300000];

	fixture_start(NULL);
	memset(body, 'x', sizeof body);
	open_stream("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
	peer_say(fx.conn, str_span(body, sizeof body));
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK_STR(client_field(&fx.client, "Content-Length"), STR("300000"));
	CHECK_INT(fx.client.body.len, sizeof body);
	fixture_stop();
}

static bool written(void *ctx)
{
	(void)ctx;
	return uv_stream_get_write_queue_size((uv_stream_t *)&fx.conn->tcp) == 0;
}

TEST(a_client_that_does_not_read_stops_the_service)
{
	static char mega[1000000];

	fixture_start(NULL);
	open_stream("HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n");
	for (int i = 0; i < 40; i++)
		peer_say(fx.conn, str_span(mega, sizeof mega));
	turn_for_ms(&fx.web.app.loop, 200);
	CHECK(!written(
		NULL)); /* sockets' buffers hold a few of the 40 MB, we almost none */
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK_INT(fx.client.body.len, 40000000);
	CHECK(written(NULL));
	fixture_stop();
}

TEST(a_client_that_leaves_ends_the_call)
{
	fixture_start(NULL);
	fixture_answer(NULL);
	open_stream(NULL);
	client_close(&fx.client);
	TURN_UNTIL(&fx.web.app.loop, fx.chat->open <= 1); /* the probe's connection stays */

	fx.chat->requests = 0;
	open_stream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	TURN_UNTIL(&fx.web.app.loop, client_got("abc"));
	client_close(&fx.client);
	TURN_UNTIL(&fx.web.app.loop, fx.chat->open <= 1);
	fixture_stop();
}

TEST(pipelined_requests_are_answered_in_order)
{
	fixture_start(NULL);
	fixture_client(&fx.client);
	SAY(&fx.client, "GET /.well-known/jwks.json HTTP/1.1\r\n" HOST
			"\r\n"
			"GET / HTTP/1.1\r\n" HOST "\r\n");
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK_STR(buf_str(&fx.client.body), STR("{}"));
	CHECK_INT(client_answer(&fx.client), 200);
	CHECK(fx.client.body.len > 2);
	fixture_stop();
}

/* ---- operation ---- */

TEST(requests_are_logged_without_what_is_secret)
{
	struct str log;
	const char *bearer;

	fixture_start(NULL);
	bearer = fixture_bearer(NULL);
	CHECK_INT(get("/chatroom/abc?secret=1", bearer), 200);
	CHECK_INT(get("/user/me", "Authorization: Bearer wrong-token\r\n"), 401);
	TURN_UNTIL(&fx.web.app.loop,
		(log = process_log(&fx.gateway, &fx.arena),
			memmem(log.ptr, log.len, "\"status\":401", 12) != NULL));
	CHECK(memmem(log.ptr, log.len, "\"event\":\"access\"", 16));
	CHECK(memmem(log.ptr, log.len, "\"route\":\"/chatroom/{id}\"", 24));
	CHECK(memmem(log.ptr, log.len, "\"user_id\":\"", 11));
	CHECK(!memmem(log.ptr, log.len, "secret", 6));
	CHECK(!memmem(log.ptr, log.len, "wrong-token", 11));
	CHECK(!memmem(log.ptr, log.len, "Bearer", 6));
	fixture_stop();
}

static bool reloaded(void)
{
	struct str log = process_log(&fx.gateway, &fx.arena);

	return memmem(log.ptr, log.len, "\"generation\":2", 14) != NULL;
}

/* libuv takes it for a defect when one of the first three descriptors is a socket. */
TEST(it_serves_and_ends_well_without_standard_input)
{
	int flags = fcntl(STDIN_FILENO, F_GETFD);

	fcntl(STDIN_FILENO, F_SETFD, FD_CLOEXEC);
	fixture_start(NULL);
	fcntl(STDIN_FILENO, F_SETFD, flags);
	for (int i = 0; i < 10; i++)
		CHECK_INT(get("/user/me", fixture_bearer(NULL)), 200);
	fixture_stop();
}

/* The worker that was replaced may be told to end while it ends. */
TEST(a_stop_right_after_a_reload_ends_well)
{
	for (int i = 0; i < 20; i++) {
		fixture_start(NULL);
		CHECK_INT(get("/", ""), 200);
		kill(fx.gateway.pid, SIGHUP);
		TURN_UNTIL(&fx.web.app.loop, reloaded());
		fixture_stop();
	}
}

/* Whoever guesses it signs tokens. */
TEST(a_weak_secret_is_refused_in_production)
{
	static const char *const weak[] = { "SECRET_KEY=short",
		"SECRET_KEY=your-secret-key-change-me-in-production",
		"SECRET_KEY=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static const char *const words[] = { "check", NULL };
	struct str said;
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
		const char *env[] = { weak[i], "REDIS_URL=unix:///nonexistent",
			"CASTOR_ENV=production", NULL };

		CHECK_INT(process_run("gateway", words, env, &a, &said), 2);
		CHECK(memmem(said.ptr, said.len, "SECRET_KEY: ", 12));
		env[2] = NULL;
		CHECK_INT(process_run("gateway", words, env, &a, &said), 0);
	}
	arena_fini(&a);
}

TEST(wrong_settings_are_all_named_at_once)
{
	static const char *const env[] = { "PORT=70000", "AUTH_URL=https://auth",
		"CHAT_URL=nonsense", "TRUSTED_PROXIES=10.0.0.0/40", "CORS_ORIGINS=*",
		"LIMIT_READ_PER_USER=many", NULL };
	struct str said;
	struct arena a;

	arena_init(&a);
	CHECK_INT(process_run("gateway", NULL, env, &a, &said), 2);
	for (size_t i = 0; env[i]; i++) {
		struct str name = str_span(env[i], str_find(str_of(env[i]), '='));

		if (!memmem(said.ptr, said.len, name.ptr, name.len))
			test_fail(__FILE__, __LINE__, "%.*s is not named", STR_ARG(name));
	}
	CHECK(memmem(said.ptr, said.len, "SECRET_KEY", 10));
	CHECK(memmem(said.ptr, said.len, "REDIS_URL", 9));
	arena_fini(&a);
}
