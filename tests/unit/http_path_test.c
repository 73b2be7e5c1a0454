#include "http/http.h"

#include <stdio.h>

#include "http/route.h"
#include "tests/lib/test.h"

static void check_path(int line, struct str raw, const char *want)
{
	char out[256];
	size_t len = 0;
	bool good = http_path_normalise(raw, out, &len);

	if (good != (want != NULL))
		test_fail(__FILE__, line, "%.*s: %s", STR_ARG(raw),
			good ? "taken" : "refused");
	else if (good && !str_eq(str_span(out, len), str_of(want)))
		test_fail(__FILE__, line, "%.*s became %.*s, not %s", STR_ARG(raw),
			(int)len, out, want);
}

#define SAME(raw)         check_path(__LINE__, STR(raw), raw)
#define BECOMES(raw, now) check_path(__LINE__, STR(raw), now)
#define REFUSED(raw)      check_path(__LINE__, STR(raw), NULL)

TEST(plain_paths_stay)
{
	SAME("/");
	SAME("/chatroom/0190a1b2/message");
	SAME("/a/");
	SAME("/a.b/..c/d../...");
	SAME("/-._~!$&'()*+,;=:@");
}

TEST(unreserved_characters_are_decoded_once)
{
	BECOMES("/%41%7a%30%2d%2E%5f%7e", "/Az0-._~");
	BECOMES("/%2541", "/%2541");
	BECOMES("/%25%34%31", "/%2541");
	BECOMES("/%c3%a9", "/%C3%A9");
	BECOMES("/a%20b%3f%23", "/a%20b%3F%23");
}

TEST(dot_segments_are_removed)
{
	BECOMES("/a/../b", "/b");
	BECOMES("/abc/../d", "/d");
	BECOMES("/abc/def/ghi/../../j", "/abc/j");
	BECOMES("/a/./b", "/a/b");
	BECOMES("/a/b/..", "/a/");
	BECOMES("/a/b/.", "/a/b/");
	BECOMES("/.", "/");
	BECOMES("/..", "/");
	BECOMES("/../../a", "/a");
	BECOMES("/a/%2e%2E/b", "/b");
	BECOMES("/a/.%2e/%2e/b", "/b");
	BECOMES("/a/b/c/./../../g", "/a/g");
}

TEST(bytes_with_two_meanings_are_refused)
{
	REFUSED("");
	REFUSED("a");
	REFUSED("//");
	REFUSED("//evil");
	REFUSED("/a//b");
	REFUSED("/a/.//b");
	REFUSED("/a%2fb");
	REFUSED("/a%2F");
	REFUSED("/a%5cb");
	REFUSED("/a\\b");
	REFUSED("/%00");
	REFUSED("/%0a");
	REFUSED("/%1F");
	REFUSED("/%7f");
	REFUSED("/\x01");
	REFUSED("/\x7f");
	REFUSED("/\xc3\xa9");
	REFUSED("/a b");
	REFUSED("/a?b");
	REFUSED("/a#b");
	REFUSED("/<a>");
}

TEST(broken_percent_encodings_are_refused)
{
	REFUSED("/%");
	REFUSED("/%4");
	REFUSED("/%zz");
	REFUSED("/%4g");
	REFUSED("/%%41");
}

TEST(normalising_twice_changes_nothing)
{
	static const char *const paths[] = { "/a/%2e%2e/%41%25/./b", "/%2525/..",
		"/x/%7E/" };
	char once[64], twice[64];
	size_t n, m;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		CHECK(http_path_normalise(str_of(paths[i]), once, &n));
		CHECK(http_path_normalise(str_span(once, n), twice, &m));
		CHECK_STR(str_span(twice, m), str_span(once, n));
	}
}

/* ---- query ---- */

static struct str query(struct arena *a, const char *text, const char *name, bool *good)
{
	struct http_request r = { .query = str_of(text) };
	struct str out = STR_NONE;

	*good = http_query(&r, a, str_of(name), &out);
	return out;
}

TEST(query_parameters_are_found_and_decoded)
{
	struct arena a;
	bool good;

	arena_init(&a);
	CHECK_STR(query(&a, "limit=5&cursor=a%2Fb+c", "cursor", &good), STR("a/b c"));
	CHECK(good);
	CHECK_STR(query(&a, "limit=5", "limit", &good), STR("5"));
	CHECK_STR(query(&a, "l%69mit=5", "limit", &good), STR("5"));
	CHECK(query(&a, "limit=5", "lim", &good).ptr == NULL && good);
	CHECK(query(&a, "", "limit", &good).ptr == NULL && good);
	CHECK_STR(query(&a, "a&b=", "a", &good), STR(""));
	CHECK(query(&a, "a&b=", "b", &good).ptr != NULL && good);
	CHECK_STR(query(&a, "a=b=c", "a", &good), STR("b=c"));
	CHECK_STR(query(&a, "a+b=1", "a b", &good), STR("1"));
	CHECK_STR(query(&a, "a=1&&=2&b", "a", &good), STR("1"));
	arena_fini(&a);
}

TEST(ambiguous_query_parameters_are_refused)
{
	static const char *const bad[] = { "a=1&a=1", "a=1&%61=2", "a=%", "a=%4", "a=%zz",
		"a=%00", "a=%ff", "a=%c0%af", "a=%ed%a0%80", "%zz=1&a=1" };
	struct arena a;
	bool good;

	arena_init(&a);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		query(&a, bad[i], "a", &good);
		if (good)
			test_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
	}
	arena_fini(&a);
}

static bool is_plain(struct arena *a, const char *text)
{
	struct http_request r = { .query = str_of(text) };

	return http_query_is_plain(&r, a);
}

TEST(a_query_names_each_parameter_once)
{
	static const char *const good[] = { "", "a", "a=1", "a=1&b=1", "a=1&A=1", "a&b&c&",
		"a=a&b=a", "a=%zz", "a=1&&b=2", "a=1&ab=1", "=1" };
	static const char *const bad[] = { "a=1&a=1", "a=1&b=2&a=3", "a&a", "a=1&%61=2",
		"a+b=1&a%20b=2", "%zz=1", "%00=1", "=1&=2", "x%ff=1" };
	char many[400] = "";
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!is_plain(&a, good[i]))
			test_fail(__FILE__, __LINE__, "%s was refused", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (is_plain(&a, bad[i]))
			test_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
	}
	for (int i = 0; i < 33; i++)
		snprintf(many + strlen(many), 20, "&p%d=1", i);
	CHECK(!is_plain(&a, many));
	*strrchr(many, '&') = '\0';
	CHECK(is_plain(&a, many));
	arena_fini(&a);
}

static bool brings_ticket(enum http_method m, const char *text, const char *field)
{
	struct http_header h = { str_of(field), STR("Bearer x") };
	struct http_request r = { .method = m, .query = str_of(text), .headers = &h };

	r.header_count = field ? 1 : 0;
	return http_brings_ticket(&r);
}

TEST(a_ticket_is_brought_by_get_without_a_token)
{
	CHECK(brings_ticket(HTTP_M_GET, "ticket=x", NULL));
	CHECK(brings_ticket(HTTP_M_GET, "a=1&ticket=", NULL));
	CHECK(brings_ticket(HTTP_M_GET, "ticket=x", "X-Authorization"));
	CHECK(!brings_ticket(HTTP_M_GET, "ticket=x", "authorization"));
	CHECK(!brings_ticket(HTTP_M_HEAD, "ticket=x", NULL));
	CHECK(!brings_ticket(HTTP_M_POST, "ticket=x", NULL));
	CHECK(!brings_ticket(HTTP_M_GET, "tickets=x&a=ticket=x&ticket", NULL));
	CHECK(!brings_ticket(HTTP_M_GET, "", NULL));
}

/* ---- routes ---- */

static outcome_t no_handler(struct task *t)
{
	return task_said_end(t);
}

static const struct route table[] = {
	{ HTTP_M_GET, "/", no_handler },
	{ HTTP_M_GET, "/chatroom", no_handler },
	{ HTTP_M_POST, "/chatroom", no_handler },
	{ HTTP_M_GET, "/chatroom/{id}", no_handler },
	{ HTTP_M_POST, "/chatroom/{id}/message", no_handler },
	{ HTTP_M_GET, "/a/{x}/b/{y}", no_handler },
	{ 0 },
};

static int row_of(enum http_method m, const char *path, struct str params[HTTP_PATH_PARAMS])
{
	const struct route *r = route_find(table, m, str_of(path), params);

	return r ? (int)(r - table) : -1;
}

TEST(routes_are_found_by_method_and_path)
{
	struct str p[HTTP_PATH_PARAMS];

	CHECK_INT(row_of(HTTP_M_GET, "/", p), 0);
	CHECK_INT(row_of(HTTP_M_GET, "/chatroom", p), 1);
	CHECK_INT(row_of(HTTP_M_POST, "/chatroom", p), 2);
	CHECK_INT(row_of(HTTP_M_HEAD, "/chatroom", p), 1);
	CHECK_INT(row_of(HTTP_M_POST, "/chatroom/", p), 2);
	CHECK_INT(row_of(HTTP_M_GET, "/chatroom/7", p), 3);
	CHECK_STR(p[0], STR("7"));
	CHECK_INT(row_of(HTTP_M_POST, "/chatroom/7/message/", p), 4);
	CHECK_INT(row_of(HTTP_M_GET, "/a/1/b/2", p), 5);
	CHECK_STR(p[0], STR("1"));
	CHECK_STR(p[1], STR("2"));
}

TEST(other_paths_and_methods_have_no_route)
{
	struct str p[HTTP_PATH_PARAMS];

	CHECK_INT(row_of(HTTP_M_DELETE, "/chatroom", p), -1);
	CHECK_INT(row_of(HTTP_M_GET, "/chatrooms", p), -1);
	CHECK_INT(row_of(HTTP_M_GET, "/chat", p), -1);
	CHECK_INT(row_of(HTTP_M_GET, "/chatroom/7/message", p), -1);
	CHECK_INT(row_of(HTTP_M_POST, "/chatroom/7/message/8", p), -1);
	CHECK_INT(row_of(HTTP_M_GET, "/Chatroom", p), -1);
	CHECK_INT(row_of(HTTP_M_GET, "*", p), -1);
	CHECK(route_find(NULL, HTTP_M_GET, STR("/"), p) == NULL);
}

TEST(allowed_methods_are_listed)
{
	char out[80];

	route_allowed(table, STR("/chatroom/"), out, sizeof out);
	CHECK_STR(str_of(out), STR("GET, HEAD, POST"));
	route_allowed(table, STR("/chatroom/7/message"), out, sizeof out);
	CHECK_STR(str_of(out), STR("POST"));
	route_allowed(table, STR("/nowhere"), out, sizeof out);
	CHECK_STR(str_of(out), STR(""));
}

/* RFC 7240: a list, in one field or several, names without regard to case. */
TEST(how_long_a_client_wants_to_wait)
{
	static const struct {
		struct str first, second; /* Prefer */
		uint64_t ms;
	} rows[] = {
		{ STR("wait=20"), STR(""), 20000 },
		{ STR("Wait=1"), STR(""), 1000 },
		{ STR("respond-async, wait=7"), STR(""), 7000 },
		{ STR("respond-async"), STR("wait=3"), 3000 },
		{ STR("wait=3, wait=9"), STR(""), 3000 },
		{ STR("wait=100"), STR(""), 1000 * PREFERS_WAIT_MAX_S },
		{ STR("wait=99999999999999999999"), STR(""), 0 },
		{ STR("wait=0"), STR(""), 0 },
		{ STR("wait"), STR("wait="), 0 },
		{ STR("wait=-1"), STR("wait=1.5"), 0 },
		{ STR("await=5"), STR("x;wait=5"), 0 },
		{ STR(""), STR(""), 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct http_header fields[] = { { STR("Accept"), STR("wait=9") },
			{ STR("Prefer"), rows[i].first },
			{ STR("prefer"), rows[i].second } };
		const struct http_request r = { .headers = fields, .header_count = 3 };

		CHECK_INT(http_prefers_wait_ms(&r), rows[i].ms);
	}
}
