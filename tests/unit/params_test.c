#include <signal.h>

#include "http/params.h"
#include "tests/lib/test.h"
#include "tests/lib/web.h"

static struct {
	struct str name, note;
	int64_t count;
	bool flag;
	struct uuid id;
	const struct json *extra;
	bool read;
} got;

static outcome_t read_and_keep(struct task *t)
{
	static char name[200];

	memset(&got, 0, sizeof got);
	got.count = -1;
	got.note = STR("untouched");
	got.read = params_read(t, P_STR("name", &got.name, 1, 5),
		P_OPT_STR("note", &got.note, 0, 10), P_OPT_INT("count", &got.count, 0, 9),
		P_OPT_BOOL("flag", &got.flag), P_OPT_UUID("id", &got.id));
	if (!got.read)
		return reply_invalid(t);
	snprintf(name, sizeof name, "%.*s", STR_ARG(got.name));
	got.name = str_of(name); /* the task's memory goes */
	return reply_empty(t, 204);
}

static outcome_t read_page(struct task *t)
{
	int64_t limit, skip;
	bool good = params_query_int(t, "limit", 20, 1, 100, &limit);

	good = params_query_int(t, "skip", 0, 0, 1000, &skip) && good;
	if (!good)
		return reply_invalid(t);
	return reply_bytes(t, 200, STR("text/plain"),
		arena_fmt(&t->arena, "%lld %lld", (long long)limit, (long long)skip));
}

static outcome_t serve(struct task *t)
{
	struct http_request *r = http_req(t);
	struct uuid id;

	if (r->method == HTTP_M_POST)
		return read_and_keep(t);
	if (str_eq(r->path, STR("/page")))
		return read_page(t);
	r->param[0] = str_from(r->path, 1);
	return params_path_uuid(t, 0, &id) ? reply_empty(t, 204)
					   : reply_problem(t, &PROBLEM_NOT_FOUND, NULL);
}

static char answer[4096];

static void setup(struct web *w, struct client *c)
{
	signal(SIGPIPE, SIG_IGN);
	log_least = LOG_ERROR + 1;
	w->o.serve = serve;
	web_open(w);
	client_open(c, w);
}

#define SETUP                                                                              \
	struct web w = { 0 };                                                              \
	struct client c;                                                                   \
                                                                                           \
	setup(&w, &c)
#define TEARDOWN                                                                           \
	client_close(&c);                                                                  \
	web_close(&w)

static int post_as(struct client *c, const char *type, struct str body)
{
	struct buf request = { 0 };

	buf_addf(&request, "POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n",
		type, body.len);
	buf_add_str(&request, body);
	client_say(c, buf_str(&request));
	buf_fini(&request);
	client_answer(c);
	snprintf(answer, sizeof answer, "%.*s", STR_ARG(buf_str(&c->body)));
	return c->status;
}

#define POST(c, json) post_as((c), "Content-Type: application/json\r\n", STR(json))

static int get(struct client *c, const char *target)
{
	char request[200];

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
	client_say(c, str_of(request));
	client_answer(c);
	snprintf(answer, sizeof answer, "%.*s", STR_ARG(buf_str(&c->body)));
	return c->status;
}

static bool says(const char *part)
{
	return strstr(answer, part) != NULL;
}

TEST(members_are_read_into_their_places)
{
	SETUP;
	CHECK_INT(POST(&c, "{\"name\":\"a\",\"count\":7,\"flag\":true,"
			   "\"id\":\"0190a1b2-0000-7000-8000-000000000001\"}"),
		204);
	CHECK_STR(got.name, STR("a"));
	CHECK_STR(got.note, STR("untouched"));
	CHECK_INT(got.count, 7);
	CHECK(got.flag);
	CHECK_INT(got.id.b[15], 1);
	TEARDOWN;
}

TEST(optional_members_may_be_null)
{
	SETUP;
	CHECK_INT(POST(&c, "{\"name\":\"a\",\"note\":null,\"count\":null}"), 204);
	CHECK_STR(got.note, STR("untouched"));
	CHECK_INT(got.count, -1);
	TEARDOWN;
}

TEST(text_is_counted_in_characters)
{
	SETUP;
	CHECK_INT(POST(&c, "{\"name\":"
			   "\"\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"}"),
		204);
	CHECK_INT(POST(&c, "{\"name\":\"abcdef\"}"), 400);
	CHECK(says("\"pointer\":\"/name\",\"detail\":\"must have at most 5 characters\""));
	CHECK_INT(POST(&c, "{\"name\":\"\"}"), 400);
	CHECK(says("must not be empty"));
	TEARDOWN;
}

TEST(everything_that_is_wrong_is_said_at_once)
{
	SETUP;
	CHECK_INT(POST(&c, "{\"note\":5,\"count\":10,\"flag\":\"yes\",\"id\":\"x\",\"a/"
			   "b~c\":1}"),
		400);
	CHECK(says("\"code\":\"invalid_request\""));
	CHECK(says("\"pointer\":\"/name\",\"detail\":\"is required\""));
	CHECK(says("\"pointer\":\"/note\",\"detail\":\"must be a string\""));
	CHECK(says("\"pointer\":\"/count\",\"detail\":\"must be from 0 to 9\""));
	CHECK(says("\"pointer\":\"/flag\",\"detail\":\"must be true or false\""));
	CHECK(says("\"pointer\":\"/id\",\"detail\":\"must be a UUID\""));
	CHECK(says("\"pointer\":\"/a~1b~0c\",\"detail\":\"is not known here\""));
	TEARDOWN;
}

TEST(the_list_of_what_is_wrong_is_bounded)
{
	struct buf body = { 0 };
	unsigned n = 0;
	SETUP;

	buf_add_char(&body, '{');
	for (int i = 0; i < 200; i++)
		buf_addf(&body, "%s\"member-with-a-long-name-%d\":1", i ? "," : "", i);
	buf_add_char(&body, '}');
	CHECK_INT(post_as(&c, "Content-Type: application/json\r\n", buf_str(&body)), 400);
	for (const char *at = answer; (at = strstr(at, "\"pointer\"")); at++)
		n++;
	CHECK_INT(n, 32);
	buf_fini(&body);
	TEARDOWN;
}

TEST(numbers_are_whole_and_in_range)
{
	static const char *const bad[] = { "1.5", "1e3", "-1", "\"1\"",
		"99999999999999999999", "true", "[]" };
	char body[100];
	SETUP;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(body, sizeof body, "{\"name\":\"a\",\"count\":%s}", bad[i]);
		CHECK_INT(post_as(&c, "Content-Type: application/json\r\n", str_of(body)),
			400);
		CHECK(says("\"pointer\":\"/count\""));
	}
	TEARDOWN;
}

TEST(a_body_must_be_a_json_object)
{
	static const char *const bad[] = { "", " ", "[]", "null", "\"a\"", "{",
		"{\"name\":\"a\"", "{\"name\":\"a\"}x", "{\"name\":\"a\",\"name\":\"a\"}",
		"{\"name\":\"\\u0000\"}", "{\"name\":\"\\ud800\"}", "{\"name\":\"\xff\"}",
		"{'name':'a'}" };
	SETUP;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int status = post_as(
			&c, "Content-Type: application/json\r\n", str_of(bad[i]));

		if (status != 400)
			test_fail(__FILE__, __LINE__, "%s answered %d", bad[i], status);
		CHECK(says("\"errors\":["));
	}
	TEARDOWN;
}

TEST(a_body_must_say_that_it_is_json)
{
	static const struct {
		const char *type;
		int status;
	} cases[] = {
		{ "Content-Type: application/json\r\n", 204 },
		{ "content-type: Application/JSON; charset=UTF-8\r\n", 204 },
		{ "Content-Type: application/json;charset=\"utf-8\"\r\n", 204 },
		{ "Content-Type: application/json; charset=latin1\r\n", 415 },
		{ "Content-Type: application/x-www-form-urlencoded\r\n", 415 },
		{ "Content-Type: text/json\r\n", 415 },
		{ "Content-Type:\r\n", 415 },
		{ "", 415 },
	};
	SETUP;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int status = post_as(&c, cases[i].type, STR("{\"name\":\"a\"}"));

		if (status != cases[i].status)
			test_fail(__FILE__, __LINE__, "%s answered %d", cases[i].type,
				status);
	}
	TEARDOWN;
}

TEST(query_numbers_have_defaults_and_bounds)
{
	SETUP;
	CHECK_INT(get(&c, "/page"), 200);
	CHECK_STR(str_of(answer), STR("20 0"));
	CHECK_INT(get(&c, "/page?limit=100&skip=7"), 200);
	CHECK_STR(str_of(answer), STR("100 7"));
	CHECK_INT(get(&c, "/page?limit=101&skip=-1"), 400);
	CHECK(says("\"pointer\":\"?limit\""));
	CHECK(says("\"pointer\":\"?skip\""));
	CHECK_INT(get(&c, "/page?limit="), 400);
	CHECK_INT(get(&c, "/page?limit=1&limit=1"), 400);
	CHECK_INT(get(&c, "/page?limit=%zz"), 400);
	TEARDOWN;
}

TEST(path_ids_are_uuids)
{
	SETUP;
	CHECK_INT(get(&c, "/0190a1b2-0000-7000-8000-000000000001"), 204);
	CHECK_INT(get(&c, "/0190A1B2-0000-7000-8000-000000000001"), 204);
	CHECK_INT(get(&c, "/0190a1b2"), 404);
	CHECK_INT(get(&c, "/0190a1b2-0000-7000-8000-00000000000g"), 404);
	TEARDOWN;
}
