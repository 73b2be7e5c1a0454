/* What stands before a service's handlers: routes, tokens, limits, deadlines, counting. */
#include <signal.h>

#include "http/serve.h"
#include "secure/token.h"
#include "tests/lib/test.h"
#include "tests/lib/web.h"

#define SECRET "a secret of thirty-two characters"

static char problem[4096]; /* the body of the last answer, as a string */
static unsigned handled;

static outcome_t open_to_all(struct task *t)
{
	handled++;
	return reply_bytes(
		t, 200, STR("text/plain"), t->caller ? STR("known") : STR("anyone"));
}

static outcome_t for_users(struct task *t)
{
	char id[UUID_TEXT_SIZE];

	handled++;
	uuid_format(&t->caller->user_id, id);
	return reply_bytes(t, 200, STR("text/plain"), str_of(id));
}

static outcome_t show_param(struct task *t)
{
	return reply_bytes(t, 200, STR("text/plain"), http_req(t)->param[0]);
}

static outcome_t show_deadline(struct task *t)
{
	bool soon = t->deadline_ms <= clock_mono_ms() + 2000;

	return reply_bytes(t, 200, STR("text/plain"), soon ? STR("soon") : STR("late"));
}

static outcome_t fail(struct task *t)
{
	static const enum err errors[] = { ERR_NOT_FOUND, ERR_INVALID, ERR_DENIED,
		ERR_CONFLICT, ERR_BUSY, ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_CANCELED,
		ERR_UNSURE, ERR_INTERNAL };

	json_object(reply_body(t), NULL); /* an answer that was begun is given up */
	return reply_error(t, errors[http_req(t)->param[0].ptr[0] - '0']);
}

static const struct route routes[] = {
	{ HTTP_M_GET, "/open", open_to_all, ROUTE_PUBLIC },
	{ HTTP_M_POST, "/open", open_to_all, ROUTE_PUBLIC, .body_max = 10 },
	{ HTTP_M_POST, "/hook", open_to_all, ROUTE_HOOK },
	{ HTTP_M_GET, "/me", for_users },
	{ HTTP_M_POST, "/me", for_users },
	{ HTTP_M_GET, "/thing/{id}", show_param, ROUTE_PUBLIC },
	{ HTTP_M_GET, "/soon", show_deadline, ROUTE_PUBLIC, .deadline_ms = 1000 },
	{ HTTP_M_GET, "/fail/{n}", fail, ROUTE_PUBLIC },
	{ 0 },
};

static void setup(struct web *w, struct client *c)
{
	const char *why = NULL;

	signal(SIGPIPE, SIG_IGN);
	log_least = LOG_ERROR + 1;
	handled = 0;
	w->spec.routes = routes;
	w->app.metrics = metrics_new();
	w->app.verifier = verifier_new(NULL, SECRET, &why);
	w->o.serve = routes_serve;
	w->o.admit = routes_admit;
	web_open(w);
	client_open(c, w);
}

static void teardown(struct web *w, struct client *c)
{
	client_close(c);
	web_close(w);
	verifier_free(&w->app.verifier);
	metrics_free(&w->app.metrics);
}

#define SETUP                                                                              \
	struct web w = { 0 };                                                              \
	struct client c;                                                                   \
                                                                                           \
	setup(&w, &c)
#define TEARDOWN teardown(&w, &c)

/* One request with further fields (each ending in CR LF) and a body. */
static int ask(struct client *c, const char *line, const char *fields, const char *body)
{
	struct buf request = { 0 };

	buf_addf(&request, "%s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s",
		line, fields, strlen(body), body);
	client_say(c, buf_str(&request));
	buf_fini(&request);
	client_answer(c);
	snprintf(problem, sizeof problem, "%.*s", STR_ARG(buf_str(&c->body)));
	return c->status;
}

static bool says(const char *part)
{
	return strstr(problem, part) != NULL;
}

TEST(a_route_is_found_and_its_handler_runs)
{
	SETUP;
	CHECK_INT(ask(&c, "GET /open", "", ""), 200);
	CHECK_STR(str_of(problem), STR("anyone"));
	CHECK_INT(ask(&c, "GET /open/", "", ""), 200);
	CHECK_INT(ask(&c, "GET /thing/a%20b", "", ""), 200);
	CHECK_STR(str_of(problem), STR("a%20b"));
	TEARDOWN;
}

TEST(an_unknown_path_is_a_404_problem)
{
	SETUP;
	CHECK_INT(ask(&c, "GET /nowhere", "X-Request-Id: rid-1\r\n", ""), 404);
	CHECK(client_has(&c, "Content-Type: application/problem+json"));
	CHECK(says("\"type\":\"about:blank\""));
	CHECK(says("\"status\":404"));
	CHECK(says("\"code\":\"not_found\""));
	CHECK(says("\"detail\":\""));
	CHECK(says("\"request_id\":\"rid-1\""));
	CHECK(!client_field(&c, "Allow").ptr);
	TEARDOWN;
}

TEST(another_method_is_a_405_that_names_the_right_ones)
{
	SETUP;
	CHECK_INT(ask(&c, "DELETE /open", "", ""), 405);
	CHECK(client_has(&c, "Allow: GET, HEAD, POST"));
	CHECK(says("\"code\":\"method_not_allowed\""));
	CHECK_INT(ask(&c, "GET /hook", "", ""), 405);
	CHECK(client_has(&c, "Allow: POST"));
	CHECK_INT(ask(&c, "PROPFIND /open", "", ""), 501);
	TEARDOWN;
}

TEST(a_route_for_users_needs_a_token)
{
	/* What is no token, and no token (RFC 6750 3.1). */
	static const char *const bad[] = { "Authorization: Bearer\r\n",
		"Authorization: bearer x\r\n", "Authorization: Bearer nonsense\r\n" };
	static const char *const none[] = { "", "Authorization: Basic YTpi\r\n",
		"Authorization: Bearers x\r\n" };
	SETUP;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(ask(&c, "POST /me", bad[i], "{}"), 401);
		CHECK(client_has(&c, "WWW-Authenticate: Bearer error=\"invalid_token\""));
		CHECK(says("\"code\":\"unauthorized\""));
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		CHECK_INT(ask(&c, "POST /me", none[i], "{}"), 401);
		CHECK(client_has(&c, "WWW-Authenticate: Bearer realm=\"castor\""));
		CHECK(says("\"code\":\"unauthorized\""));
	}
	CHECK_INT(ask(&c, "POST /hook", "", "{}"), 200);
	CHECK_INT(handled, 1);
	TEARDOWN;
}

TEST(a_good_token_names_the_caller)
{
	struct identity who = { .user_id = uuid_v7(), .session_id = uuid_v7() };
	char id[UUID_TEXT_SIZE], field[1000];
	struct token_signer *signer;
	const char *why = NULL;
	struct arena a;
	SETUP;

	arena_init(&a);
	signer = token_signer_new(NULL, SECRET, &why);
	who.auth_time_s = clock_wall_s();
	snprintf(field, sizeof field, "Authorization: Bearer %.*s\r\n",
		STR_ARG(token_sign(signer, &a, &who, 60)));
	uuid_format(&who.user_id, id);
	CHECK_INT(ask(&c, "GET /me", field, ""), 200);
	CHECK_STR(str_of(problem), str_of(id));
	CHECK_INT(ask(&c, "GET /open", field, ""), 200);
	CHECK_STR(str_of(problem), STR("anyone")); /* public routes look at no token */
	token_signer_free(&signer);
	arena_fini(&a);
	TEARDOWN;
}

TEST(a_route_has_its_own_body_limit)
{
	SETUP;
	CHECK_INT(ask(&c, "POST /open", "", "0123456789"), 200);
	CHECK_INT(ask(&c, "POST /open", "", "0123456789a"), 413);
	CHECK_INT(handled, 1);
	TEARDOWN;
}

TEST(a_route_has_its_own_deadline)
{
	SETUP;
	CHECK_INT(ask(&c, "GET /soon", "", ""), 200);
	CHECK_STR(str_of(problem), STR("soon"));
	TEARDOWN;
}

TEST(work_whose_deadline_has_passed_is_not_begun)
{
	SETUP;
	CHECK_INT(ask(&c, "GET /open", "X-Request-Deadline-Ms: 0\r\n", ""), 503);
	CHECK(says("\"code\":\"timeout\""));
	CHECK_INT(handled, 0);
	TEARDOWN;
}

TEST(errors_have_their_standard_answers)
{
	static const struct {
		const char *line;
		int status;
		const char *code;
	} cases[] = {
		{ "GET /fail/0", 404, "\"code\":\"not_found\"" },
		{ "GET /fail/1", 400, "\"code\":\"invalid_request\"" },
		{ "GET /fail/2", 401, "\"code\":\"unauthorized\"" },
		{ "GET /fail/3", 409, "\"code\":\"conflict\"" },
		{ "GET /fail/4", 503, "\"code\":\"busy\"" },
		{ "GET /fail/5", 503, "\"code\":\"timeout\"" },
		{ "GET /fail/6", 503, "\"code\":\"unavailable\"" },
		{ "GET /fail/7", 503, "\"code\":\"unavailable\"" },
		{ "GET /fail/8", 503, "\"code\":\"outcome_unknown\"" },
		{ "GET /fail/9", 500, "\"code\":\"internal\"" },
	};
	SETUP;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_INT(ask(&c, cases[i].line, "", ""), cases[i].status);
		CHECK(says(cases[i].code));
		CHECK_INT(client_field(&c, "Retry-After").ptr != NULL,
			cases[i].status == 503);
	}
	TEARDOWN;
}

TEST(requests_are_counted_by_route_and_class)
{
	struct buf text = { 0 };
	SETUP;

	ask(&c, "GET /open", "", "");
	ask(&c, "GET /open", "", "");
	ask(&c, "GET /thing/1", "", "");
	ask(&c, "GET /me", "", "");
	ask(&c, "GET /nowhere", "", "");
	metrics_render(w.app.metrics, &text);
	buf_cstr(&text);
#define COUNT "http_server_request_duration_seconds_count"
	CHECK(strstr(
		text.ptr, COUNT "{route=\"/open\",method=\"GET\",status=\"2xx\"} 2\n"));
	CHECK(strstr(text.ptr,
		COUNT "{route=\"/thing/{id}\",method=\"GET\",status=\"2xx\"} 1\n"));
	CHECK(strstr(text.ptr, COUNT "{route=\"/me\",method=\"GET\",status=\"4xx\"} 1\n"));
	CHECK(strstr(text.ptr, COUNT "{route=\"none\",method=\"any\",status=\"4xx\"} 1\n"));
	buf_fini(&text);
	TEARDOWN;
}
