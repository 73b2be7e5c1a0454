#include "tests/flow/gateway_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "secure/token.h"

#define SETTINGS_MAX 16

struct fixture fx;

static const char *env[SETTINGS_MAX + 8]; /* of every gateway */

static const char *answer;

static void note(struct peer_conn *c)
{
	fx.conn = c;
	fx.request_len = c->request.len < sizeof fx.request ? c->request.len
							    : sizeof fx.request;
	memcpy(fx.request, c->request.ptr, fx.request_len);
}

static void say_answer(struct peer_conn *c)
{
	note(c);
	if (answer)
		peer_say(c, str_of(answer));
}

void fixture_answer(const char *text)
{
	answer = text;
	fx.auth->on_request = fx.chat->on_request = fx.billing->on_request = say_answer;
}

static void (*handler)(struct peer_conn *c);

static void run_handler(struct peer_conn *c)
{
	note(c);
	handler(c);
}

void fixture_handler(void (*on_request)(struct peer_conn *c))
{
	handler = on_request;
	fx.auth->on_request = fx.chat->on_request = fx.billing->on_request = run_handler;
}

const char *fixture_format(const char *fmt, ...)
{
	static char texts[8][4096];
	static unsigned next;
	char *text = texts[next++ % 8];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof texts[0], fmt, ap);
	va_end(ap);
	return text;
}

static struct peer *service(void)
{
	return peer_open(&fx.web.app.loop, 0, say_answer);
}

void fixture_start(const char *const *settings)
{
	fixture_begin(settings);
	CHECK(process_ready(&fx.gateway));
}

void fixture_begin(const char *const *settings)
{
	size_t n = 0;

	memset(&fx, 0, sizeof fx);
	arena_init(&fx.arena);
	loop_init(&fx.web.app.loop);
	fx.auth = service();
	fx.chat = service();
	fx.billing = service();
	fixture_answer(
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Content-Length: 2\r\n\r\n{}");
	while (settings && settings[n] && n < SETTINGS_MAX) {
		env[n] = settings[n];
		n++;
	}
	/* The first of a name holds. Redis is not there: it is not needed. */
	env[n++] = "SECRET_KEY=" SECRET;
	env[n++] = "GATEWAY_WORKERS=1"; /* without Redis limits are each one's own */
	env[n++] = "REDIS_URL=unix:///nonexistent/redis.sock";
	env[n++] = fixture_format("AUTH_URL=%s", peer_url(fx.auth));
	env[n++] = fixture_format("CHAT_URL=%s", peer_url(fx.chat));
	env[n++] = fixture_format("BILLING_URL=%s", peer_url(fx.billing));
	env[n] = NULL;
	while (n--)
		env[n] = arena_fmt(&fx.arena, "%s", env[n]).ptr;
	fixture_gateway(&fx.gateway, NULL);
}

void fixture_gateway(struct process *p, const char *setting)
{
	const char *all[SETTINGS_MAX + 9] = { setting };

	for (size_t i = 0; env[i]; i++)
		all[i + (setting != NULL)] = env[i];
	process_start(p, "gateway", all);
}

void fixture_stop(void)
{
	client_close(&fx.client);
	CHECK_INT(process_stop(&fx.gateway), 0);
	if (fx.auth)
		peer_close(&fx.auth);
	peer_close(&fx.chat);
	peer_close(&fx.billing);
	loop_fini(&fx.web.app.loop);
	arena_fini(&fx.arena);
}

void fixture_client(struct client *c)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (c->w)
		client_close(c);
	*c = (struct client){ .w = &fx.web,
		.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	snprintf(to.sun_path, sizeof to.sun_path, "%s", fx.gateway.socket);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
		abort();
}

int ask(struct str request)
{
	fixture_client(&fx.client);
	client_say(&fx.client, request);
	return client_answer(&fx.client);
}

const char *fixture_bearer(const struct identity *who)
{
	const char *why;
	struct token_signer *s = token_signer_new(NULL, SECRET, &why);
	struct identity any = {
		.user_id = uuid_v7(), .session_id = uuid_v7(), .auth_time_s = clock_wall_s()
	};
	struct str token = token_sign(s, &fx.arena, who ? who : &any, 600);

	token_signer_free(&s);
	return fixture_format("Authorization: Bearer %.*s\r\n", STR_ARG(token));
}

bool sent_has(const char *text)
{
	return memmem(fx.request, fx.request_len, text, strlen(text)) != NULL;
}

struct str sent_field(const char *name)
{
	struct str rest = str_span(fx.request, fx.request_len), line, want = str_of(name);

	while (str_cut(&rest, '\n', &line) && line.len > 1) {
		if (line.len > want.len && line.ptr[want.len] == ':' &&
			str_eq_nocase(str_span(line.ptr, want.len), want))
			return str_trim(
				str_span(line.ptr + want.len + 1, line.len - want.len - 2));
	}
	return STR_NONE;
}

unsigned sent_count(void)
{
	return fx.auth->requests + fx.chat->requests + fx.billing->requests;
}
