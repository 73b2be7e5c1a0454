// needs: tests/flow/gateway_fixture.c
/* The access log: one line of JSON per request, with what is asked of it, whatever the
 * request brought. */
#include <stdlib.h>

#include "tests/flow/gateway_fixture.h"
#include "json/read.h"

#define HOST "Host: api.example.com\r\n"

static int get(const char *path, const char *fields)
{
	return ask(arena_fmt(&fx.arena, "GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, fields));
}

static bool holds(struct str text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* The line of the last request; every line of the log must be JSON. */
static const struct json *last_line(void)
{
	struct str id = client_field(&fx.client, "X-Request-Id"), rest, line;
	const struct json *found = NULL, *j;
	const char *why;

	rest = process_log(&fx.gateway, &fx.arena);
	while (str_cut(&rest, '\n', &line)) {
		if (!rest.ptr && !line.len)
			break;
		if (!rest.ptr) /* not whole yet */
			break;
		if (json_parse(&fx.arena, line, NULL, &j, &why) != ERR_OK)
			test_fail(__FILE__, __LINE__, "no JSON: %.*s", STR_ARG(line));
		else if (str_eq(json_text(json_get(j, "event")), STR("access")) &&
			 str_eq(json_text(json_get(j, "request_id")), id))
			found = j;
	}
	return found;
}

static const struct json *line_of_last(void)
{
	const struct json *j = NULL;

	TURN_UNTIL(&fx.web.app.loop, (j = last_line()) != NULL);
	return j;
}

static void check_text(const struct json *line, const char *name, struct str want)
{
	struct str got = json_text(json_get(line, name));

	if (!str_eq(got, want))
		test_fail(__FILE__, __LINE__, "%s is %.*s, not %.*s", name, STR_ARG(got),
			STR_ARG(want));
}

static int64_t number(const struct json *line, const char *name)
{
	int64_t n = -1;

	CHECK(json_i64(json_get(line, name), &n));
	return n;
}

TEST(a_line_says_who_asked_what_and_what_became_of_it)
{
	static const char *const settings[] = { "TRUSTED_PROXIES=unix", NULL };
	struct identity who = { .user_id = uuid_v7(), .session_id = uuid_v7() };
	char user[UUID_TEXT_SIZE];
	const struct json *line;

	fixture_start(settings);
	fixture_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nfalse");
	CHECK_INT(get("/chatroom/7?page=2&secret=abc",
			  fixture_format("%sX-Forwarded-For: 2001:db8::7\r\n"
					 "X-Request-Id: mine\r\ntraceparent: 00-"
					 "0123456789abcdef0123456789abcdef-"
					 "0123456789abcdef-01\r\n",
				  fixture_bearer(&who))),
		404);
	line = line_of_last();
	uuid_format(&who.user_id, user);
	check_text(line, "level", STR("info"));
	check_text(line, "service", STR("gateway"));
	check_text(line, "request_id", STR("mine"));
	check_text(line, "trace_id", STR("0123456789abcdef0123456789abcdef"));
	check_text(line, "method", STR("GET"));
	check_text(line, "path", STR("/chatroom/7"));
	check_text(line, "route", STR("/chatroom/{id}"));
	check_text(line, "client", STR("2001:db8::7"));
	check_text(line, "user_id", str_of(user));
	CHECK(str_ends(json_text(json_get(line, "ts")), STR("Z"))); /* UTC */
	CHECK_INT(number(line, "status"), 404);
	CHECK_INT(number(line, "bytes"), 5);
	CHECK(number(line, "duration_us") >= number(line, "upstream_us"));
	CHECK(!json_get(line, "cut"));
	fixture_stop();
}

TEST(odd_requests_have_lines_of_json_too)
{
	static const struct {
		const char *path;
		int status;
		struct str shown;
	} rows[] = {
		{ "/%22,%22a%22:%22", 404, STR("/%22,%22a%22:%22") },
		{ "/a'b\"c", 400, STR("") }, /* no path at all */
		{ "/a%5Cu0000", 400, STR("") },
		{ "/%e2%80%a8", 404, STR("/%E2%80%A8") },
		{ "/%0d%0aSet-Cookie:x", 400, STR("") },
		{ "/%ff%fe", 404, STR("/%FF%FE") },
		{ "/", 200, STR("/") },
	};

	fixture_start(NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status = get(rows[i].path, "User-Agent: \"}\t{\"\r\nReferer: \"\\\r\n");

		if (status != rows[i].status)
			test_fail(__FILE__, __LINE__, "%s: %d", rows[i].path, status);
		if (rows[i].shown.len)
			check_text(line_of_last(), "path", rows[i].shown);
	}
	char *path = arena_bytes(&fx.arena, 4001);

	memset(path, 'p', 4000);
	path[0] = '/';
	path[4000] = '\0';
	CHECK_INT(get(path, ""), 404);
	CHECK_INT(json_text(json_get(line_of_last(), "path")).len, 256);
	fixture_stop();
}

/* What broke HTTP is no request with a line of its own: an event says why. */
TEST(what_is_refused_before_it_is_a_request_is_told_as_well)
{
	struct str log;

	fixture_start(NULL);
	CHECK_INT(
		ASK("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Secret: hush\r\n\r\n"), 400);
	TURN_UNTIL(&fx.web.app.loop, (log = process_log(&fx.gateway, &fx.arena),
					     holds(log, "\"request-refused\"")));
	CHECK(holds(log, "\"status\":400"));
	CHECK(!holds(log, "hush"));
	fixture_stop();
}

TEST(limits_that_are_hit_are_told)
{
	static const char *const settings[] = { "LIMIT_READ_PER_USER=1", "ACCESS_LOG=off",
		NULL };
	const char *bearer;
	struct str log;

	fixture_start(settings);
	bearer = arena_fmt(&fx.arena, "%s", fixture_bearer(NULL)).ptr;
	CHECK_INT(get("/user/me", bearer), 200);
	CHECK_INT(get("/user/me", bearer), 429);
	TURN_UNTIL(&fx.web.app.loop, (log = process_log(&fx.gateway, &fx.arena),
					     holds(log, "\"rate-limited\"")));
	CHECK(holds(log, "\"class\":\"read\",\"by\":\"user\""));
	fixture_stop();
}

static void hang(struct peer_conn *c)
{
	(void)c;
}

/* Nobody got an answer, so none is counted as the service's failure. */
TEST(a_client_that_leaves_is_told_apart)
{
	struct str log;

	fixture_start(NULL);
	fixture_handler(hang);
	fixture_client(&fx.client);
	client_say(&fx.client,
		str_of(fixture_format(
			"GET /chatroom HTTP/1.1\r\n" HOST "%s\r\n", fixture_bearer(NULL))));
	TURN_UNTIL(&fx.web.app.loop, fx.chat->requests == 1);
	client_close(&fx.client);
	TURN_UNTIL(&fx.web.app.loop,
		(log = process_log(&fx.gateway, &fx.arena), holds(log, "\"cut\":true")));
	CHECK(holds(log, "\"status\":0,"));
	fixture_stop();
}
