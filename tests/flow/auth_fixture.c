#include "tests/flow/auth_fixture.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "secure/secret.h"
#include "secure/token.h"

struct process auth, hooked;
struct redis_server redis;
struct pg_server *postgres;
struct key_files auth_keys;
static int hook = -1; /* listens for the sender's requests */

/* ---- start and stop ---- */

static void make_keys(struct key_files *k)
{
	const char *const words[] = { "keygen", k->dir, NULL };

	snprintf(k->dir, sizeof k->dir, "/tmp/castor-keys-XXXXXX");
	CHECK(mkdtemp(k->dir) != NULL);
	CHECK_INT(process_run("auth", words, (const char *const[]){ NULL }, NULL, NULL), 0);
	snprintf(k->private_path, sizeof k->private_path, "%s/jwt.key", k->dir);
	snprintf(k->public_path, sizeof k->public_path, "%s/jwt.pub", k->dir);
	snprintf(k->private_env, sizeof k->private_env, "JWT_PRIVATE_KEY_FILE=%s",
		k->private_path);
}

static int listen_somewhere(int *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 20 };
	socklen_t size = sizeof any;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (struct sockaddr *)&any, size) == 0 && listen(fd, 100) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&any, &size) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	*port = ntohs(any.sin_port);
	return fd;
}

static void start_services(struct arena *a)
{
	const char *database =
		arena_fmt(a, "DATABASE_URL=%s", pg_server_url(postgres, "castor_auth")).ptr;
	const char *queue = arena_fmt(a, "REDIS_URL=%s", redis.url).ptr;
	const char *public_key =
		arena_fmt(a, "JWT_PUBLIC_KEY_FILE=%s", auth_keys.public_path).ptr;
	int port;

	hook = listen_somewhere(&port);
	process_start(&auth, "auth",
		(const char *const[]){ database, queue, public_key, auth_keys.private_env,
			"CASTOR_ENV=test", "SECRET_KEY=a secret of these tests alone",
			NULL });
	process_start(&hooked, "auth",
		(const char *const[]){ database, queue, "CASTOR_ENV=hook",
			"OTP_DELIVERY=webhook",
			arena_fmt(a, "OTP_WEBHOOK_URL=http://127.0.0.1:%d/send", port).ptr,
			"OTP_WEBHOOK_TOKEN=hook-token", "DRAIN_GRACE_MS=200",
			"SECRET_KEY=another secret of these tests", NULL });
}

/* Ready without Redis, too: but codes need it, and it may be found a moment later. */
static bool has_redis(struct process *p)
{
	uint64_t until = clock_mono_ms() + 20000;
	int status = 503;

	while (status == 503 && clock_mono_ms() < until) {
		struct arena a;

		arena_init(&a);
		status = talk(&a, p->socket,
			&(struct talk){ .path = "/auth/verify-otp",
				.body = "{\"mobile\":\"9199999999\",\"otp\":\"000000\"}" })
				 .status;
		arena_fini(&a);
		if (status == 503)
			usleep(5000);
	}
	return status != 503;
}

void fixture_start(void)
{
	const char *const migrate[] = { "migrate", NULL };
	struct str said = STR_NONE;
	struct arena a;

	if (postgres)
		return;
	atexit(fixture_stop); /* for runs of single tests */
	arena_init(&a);
	make_keys(&auth_keys);
	postgres = pg_server_start();
	redis_server_start(&redis, NULL);
	const char *owner =
		arena_fmt(&a, "DATABASE_URL=%s", pg_server_url(postgres, "postgres")).ptr;

	if (process_run("auth", migrate, (const char *const[]){ owner, NULL }, &a, &said) !=
		0)
		test_fail(__FILE__, __LINE__, "migrate: %.*s", STR_ARG(said));
	start_services(&a);
	CHECK(process_ready(&auth) && process_ready(&hooked));
	CHECK(has_redis(&auth) && has_redis(&hooked));
	arena_fini(&a);
}

void fixture_stop(void)
{
	if (!postgres)
		return;
	CHECK_INT(process_stop(&auth), 0);
	CHECK_INT(process_stop(&hooked), 0);
	pg_server_stop(&postgres);
	redis_server_stop(&redis);
	unlink(auth_keys.private_path);
	unlink(auth_keys.public_path);
	rmdir(auth_keys.dir);
	close(hook);
}

/* ---- asking auth ---- */

struct answer get(struct arena *a, const char *path, const char *token)
{
	return talk(a, auth.socket, &(struct talk){ .path = path, .token = token });
}

struct answer post(struct arena *a, const char *path, const char *token, const char *body)
{
	return talk(a, auth.socket,
		&(struct talk){ .path = path, .token = token, .body = body });
}

const char *code_for(struct arena *a, const char *mobile)
{
	struct answer r = post(
		a, "/auth/send-otp", NULL, arena_fmt(a, "{\"mobile\":\"%s\"}", mobile).ptr);

	CHECK_INT(r.status, 200);
	return answer_z(a, &r, "otp");
}

struct answer verify(struct arena *a, const char *mobile, const char *code)
{
	return post(a, "/auth/verify-otp", NULL,
		arena_fmt(a, "{\"mobile\":\"%s\",\"otp\":\"%s\"}", mobile, code).ptr);
}

struct session sign_in(struct arena *a, const char *mobile)
{
	struct answer r = verify(a, mobile, code_for(a, mobile));

	CHECK_INT(r.status, 200);
	return (struct session){ answer_z(a, &r, "access_token"),
		answer_z(a, &r, "refresh_token") };
}

struct answer refresh(struct arena *a, const char *token)
{
	return post(a, "/auth/refresh", NULL,
		arena_fmt(a, "{\"refresh_token\":\"%s\"}", token).ptr);
}

struct answer change(struct arena *a, const char *token, const char *password)
{
	return post(a, "/auth/change-password", token,
		arena_fmt(a, "{\"new_password\":\"%s\"}", password).ptr);
}

void check_problem(const struct answer *r, int status, const char *what)
{
	if (r->status != status)
		test_fail(__FILE__, __LINE__, "%s: %d, not %d", what, r->status, status);
	CHECK_STR(answer_header(r, STR("Content-Type")), STR("application/problem+json"));
	CHECK(answer_str(r, "title").len && answer_str(r, "detail").len);
	CHECK(answer_str(r, "code").len && answer_str(r, "request_id").len);
}

struct identity identity_of(const char *access)
{
	struct identity who = { 0 };
	struct str rest = str_of(access), part, text = STR_NONE;
	const struct json *claims = NULL;
	const char *why;
	struct arena a;

	arena_init(&a);
	CHECK(str_cut(&rest, '.', &part) && str_cut(&rest, '.', &part));
	CHECK(base64url_decode(&a, part, &text));
	CHECK_INT(json_parse(&a, text, NULL, &claims, &why), ERR_OK);
	CHECK(json_uuid(json_get(claims, "sub"), &who.user_id));
	CHECK(json_uuid(json_get(claims, "sid"), &who.session_id));
	CHECK(json_i64(json_get(claims, "auth_time"), &who.auth_time_s));
	CHECK(json_i64(json_get(claims, "exp"), &who.expires_at_s));
	arena_fini(&a);
	return who;
}

const char *session_of(struct arena *a, const char *access)
{
	struct identity who = identity_of(access);
	char text[UUID_TEXT_SIZE];

	uuid_format(&who.session_id, text);
	return arena_cstr(a, str_of(text));
}

struct token_signer *fixture_signer(void)
{
	char pem[1024] = "";
	FILE *f = fopen(auth_keys.private_path, "r");
	struct token_signer *s;
	const char *why;

	CHECK(f && fread(pem, 1, sizeof pem - 1, f) > 0);
	if (f)
		fclose(f);
	s = token_signer_new(pem, NULL, &why);
	CHECK(s != NULL);
	return s;
}

bool contains(struct str s, const char *part)
{
	return memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

bool auth_logs(struct arena *a, const char *part)
{
	for (int i = 0; i < 2000; i++) {
		if (contains(process_log(&auth, a), part))
			return true;
		usleep(10000);
	}
	return false;
}

/* ---- Postgres ---- */

static struct str first_value(struct arena *a, const char *role, const char *query)
{
	PGconn *pq = PQconnectdb(pg_server_url(postgres, role));
	PGresult *r = PQexec(pq, query);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *value = state ? state : PQntuples(r) ? PQgetvalue(r, 0, 0) : "";
	struct str out = str_of(arena_cstr(a, str_of(value)));

	PQclear(r);
	PQfinish(pq);
	return out;
}

struct str sql(struct arena *a, const char *query)
{
	return first_value(a, "postgres", query);
}

struct str sql_as_auth(struct arena *a, const char *query)
{
	return first_value(a, "castor_auth", query);
}

/* ---- Redis ---- */

static int redis_dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)redis.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void redis_write(int fd, const char *const *words)
{
	struct buf out = { 0 };
	size_t n = 0;

	while (words[n])
		n++;
	buf_addf(&out, "*%zu\r\n", n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
	CHECK(send(fd, out.ptr, out.len, MSG_NOSIGNAL) == (ssize_t)out.len);
	buf_fini(&out);
}

static struct str redis_read(struct arena *a, int fd)
{
	static char chunk[65536];
	ssize_t n = recv(fd, chunk, sizeof chunk, 0);

	return n > 0 ? arena_dup(a, str_span(chunk, (size_t)n)) : STR_NONE;
}

struct str redis_say(struct arena *a, const char *const *words)
{
	int fd = redis_dial();

	redis_write(fd, words);
	struct str answer = redis_read(a, fd);

	close(fd);
	return answer;
}

void redis_del_matching(const char *pattern)
{
	static const char script[] =
		"local n = 0 for _, k in ipairs(redis.call('KEYS', ARGV[1])) do n = n + "
		"redis.call('DEL', k) "
		"end return n";
	struct arena a;

	arena_init(&a);
	struct str answer = redis_say(
		&a, (const char *const[]){ "EVAL", script, "0", pattern, NULL });

	CHECK(answer.len > 1 && answer.ptr[0] == ':');
	arena_fini(&a);
}

int redis_subscribe(const char *channel)
{
	int fd = redis_dial();
	struct arena a;

	arena_init(&a);
	redis_write(fd, (const char *const[]){ "SUBSCRIBE", channel, NULL });
	CHECK(contains(redis_read(&a, fd), "subscribe"));
	arena_fini(&a);
	return fd;
}

struct str redis_hear(struct arena *a, int fd, const char *part)
{
	struct str heard;

	do
		heard = redis_read(a, fd);
	while (heard.len && !contains(heard, part));
	close(fd);
	return heard;
}

/* ---- the sender of codes ---- */

struct str hook_take(struct arena *a)
{
	struct buf in = { 0 };
	int fd = accept4(hook, NULL, NULL, SOCK_CLOEXEC);
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	ssize_t n;

	CHECK(fd >= 0);
	/* Head and body may come apart; the body ends in the only closing brace. */
	while (fd >= 0 && (!in.len || in.ptr[in.len - 1] != '}') &&
		(n = recv(fd, buf_reserve(&in, 4096), 4096, 0)) > 0)
		in.len += (size_t)n;
	CHECK(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0);
	close(fd);
	struct str out = arena_dup(a, buf_str(&in));

	buf_fini(&in);
	return out;
}
