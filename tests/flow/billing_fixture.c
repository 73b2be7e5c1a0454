#include "tests/flow/billing_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "secure/secret.h"
#include "secure/token.h"
#include "tests/lib/free_port.h"

#define WAIT_MS 20000

struct process billing, second, stripe;
struct redis_server redis;
struct pg_server *postgres;
static struct token_signer *signer;

/* ---- start and stop ---- */

static void start_stripe(struct arena *a)
{
	process_start(&stripe, "fake-stripe",
		(const char *const[]){
			arena_fmt(a, "PUBLIC_URL=http://127.0.0.1:%d", stripe.port).ptr,
			arena_fmt(a, "WEBHOOK_URL=http://127.0.0.1:%d/webhook/stripe",
				billing.port)
				.ptr,
			"STRIPE_WEBHOOK_SECRET=" WEBHOOK_SECRET,
			"STRIPE_SECRET_KEY=" STRIPE_KEY, NULL });
}

static void start_billing(struct arena *a, struct process *p)
{
	process_start(p, "billing",
		(const char *const[]){ "CASTOR_ENV=test", "SECRET_KEY=" TOKEN_SECRET,
			arena_fmt(a, "DATABASE_URL=%s",
				pg_server_url(postgres, "castor_billing"))
				.ptr,
			arena_fmt(a, "REDIS_URL=%s", redis.url).ptr,
			arena_fmt(a, "STRIPE_BASE_URL=http://127.0.0.1:%d/", stripe.port)
				.ptr,
			"STRIPE_SECRET_KEY=" STRIPE_KEY,
			"STRIPE_WEBHOOK_SECRET=" WEBHOOK_SECRET,
			"STRIPE_WEBHOOK_SECRET_PREVIOUS=" PREVIOUS_SECRET,
			"STRIPE_PRICE_PRO=price_pro", NULL });
}

static void migrate(struct arena *a)
{
	const char *owner =
		arena_fmt(a, "DATABASE_URL=%s", pg_server_url(postgres, "postgres")).ptr;
	struct str said = STR_NONE;

	if (process_run("billing", (const char *const[]){ "migrate", NULL },
		    (const char *const[]){ owner, NULL }, a, &said) != 0)
		test_fail(__FILE__, __LINE__, "migrate: %.*s", STR_ARG(said));
}

static void start_all(void)
{
	const char *why = NULL;
	struct arena a;

	arena_init(&a);
	signer = token_signer_new(NULL, TOKEN_SECRET, &why);
	CHECK(signer != NULL);
	postgres = pg_server_start();
	redis_server_start(&redis, NULL);
	migrate(&a);
	billing.port = free_port();
	stripe.port = free_port();
	start_stripe(&a);
	start_billing(&a, &billing);
	start_billing(&a, &second);
	CHECK(process_ready(&stripe) && process_ready(&billing) && process_ready(&second));
	arena_fini(&a);
}

void fixture_start(void)
{
	if (!postgres)
		start_all();
	stripe_control(
		"{\"webhooks\":\"on\",\"thin\":false,\"livemode\":false,"
		"\"fail_status\":0,\"fail_times\":0,\"fail_stored\":false,"
		"\"delay_ms\":0}");
	CHECK(events_are_done());
}

void fixture_stop(void)
{
	CHECK_INT(process_stop(&stripe), 0);
	CHECK_INT(process_stop(&billing), 0);
	CHECK_INT(process_stop(&second), 0);
	pg_server_stop(&postgres);
	redis_server_stop(&redis);
	token_signer_free(&signer);
}

/* ---- SQL ---- */

__attribute__((format(printf, 1, 0))) static const char *sql_text(
	const char *fmt, va_list ap)
{
	static char text[4096];

	vsnprintf(text, sizeof text, fmt, ap);
	return text;
}

long long sql_int(const char *fmt, ...)
{
	long long n;
	va_list ap;

	va_start(ap, fmt);
	n = pg_server_int(postgres, sql_text(fmt, ap));
	va_end(ap);
	return n;
}

bool sql_becomes_true(const char *fmt, ...)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = sql_text(fmt, ap);
	va_end(ap);
	while (pg_server_int(postgres, text) != 1) {
		if (clock_mono_ms() > until)
			return false;
		usleep(3000);
	}
	return true;
}

void sql_exec(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pg_server_exec(postgres, sql_text(fmt, ap));
	va_end(ap);
}

void second_restart(void)
{
	struct arena a;

	arena_init(&a);
	CHECK_INT(process_stop(&second), 0);
	sql_exec("update billing.chores set next_at = now()");
	start_billing(&a, &second);
	CHECK(process_ready(&second));
	CHECK(sql_becomes_true("select next_at > now() from billing.chores"));
	arena_fini(&a);
}

/* ---- users ---- */

struct user user_new(void)
{
	struct identity who = { .session_id = uuid_v7(), .auth_time_s = clock_wall_s() };
	struct user u = { .id = uuid_v7() };
	struct arena a;
	struct str token;

	arena_init(&a);
	uuid_format(&u.id, u.text);
	who.user_id = u.id;
	token = token_sign(signer, &a, &who, 3600);
	CHECK(token.len < sizeof u.token);
	memcpy(u.token, token.ptr, token.len);
	arena_fini(&a);
	return u;
}

struct answer get(struct arena *a, const struct user *u, const char *path)
{
	return talk(a, billing.socket,
		&(struct talk){ .path = path, .token = u ? u->token : NULL });
}

struct answer post(struct arena *a, const struct user *u, const char *path)
{
	return talk(a, billing.socket,
		&(struct talk){ .method = "POST",
			.path = path,
			.token = u ? u->token : NULL,
			.headers = "Content-Length: 0\r\n" });
}

const char *user_checkout(struct arena *a, const struct user *u)
{
	struct answer r = post(a, u, "/subscribe/pro");
	const char *url = answer_z(a, &r, "checkout_url");
	const char *slash = strrchr(url, '/');

	if (r.status != 200 || !slash) {
		test_fail(__FILE__, __LINE__, "no checkout: %d %.*s", r.status,
			STR_ARG(r.body));
		return "";
	}
	return slash + 1;
}

void user_pays(const struct user *u)
{
	struct arena a;

	arena_init(&a);
	const char *session = user_checkout(&a, u);
	struct answer r = stripe_call(&a, "POST", arena_fmt(&a, "/pay/%s", session).ptr);

	CHECK_INT(r.status, 303);
	arena_fini(&a);
}

static bool tier_is(const struct user *u, const char *tier)
{
	struct arena a;

	arena_init(&a);
	struct answer r = get(&a, u, "/subscription/status");
	bool is = str_eq(answer_str(&r, "subscription_tier"), str_of(tier));

	arena_fini(&a);
	return is;
}

bool user_becomes(const struct user *u, const char *tier)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (!tier_is(u, tier)) {
		if (clock_mono_ms() > until)
			return false;
		usleep(3000);
	}
	return true;
}

bool events_are_done(void)
{
	return sql_becomes_true(
		"select count(*) = 0 from billing.events where state = 'waiting'");
}

long long tier_version(const struct user *u)
{
	return sql_int(
		"select version from billing.accounts where user_id = '%s'", u->text);
}

const char *subscription_of(struct arena *a, const struct user *u)
{
	struct answer r = stripe_call(a, "GET", "/v1/subscriptions?status=all&limit=100");
	const struct json *list = json_get(r.json, "data");

	for (const struct json *s = list ? list->first : NULL; s; s = s->next) {
		if (str_eq(json_text(json_at(s, "metadata.user_id")), str_of(u->text)))
			return arena_cstr(a, json_text(json_get(s, "id")));
	}
	test_fail(__FILE__, __LINE__, "no subscription of %s", u->text);
	return "";
}

/* ---- the simulator ---- */

struct answer stripe_call(struct arena *a, const char *method, const char *path)
{
	return talk(a, stripe.socket,
		&(struct talk){ .method = method,
			.path = path,
			.token = STRIPE_KEY,
			.headers = strcmp(method, "POST") ? NULL
							  : "Content-Length: 0\r\n" });
}

static struct answer stripe_json(struct arena *a, const char *path, const char *body)
{
	struct answer r = talk(
		a, stripe.socket, &(struct talk){ .path = path, .body = body });

	CHECK_INT(r.status, 200);
	return r;
}

void stripe_control(const char *json)
{
	struct arena a;

	arena_init(&a);
	stripe_json(&a, "/__control", json);
	arena_fini(&a);
}

long long stripe_count(const char *name)
{
	struct arena a;
	int64_t n = -1;

	arena_init(&a);
	struct answer r = talk(&a, stripe.socket, &(struct talk){ .path = "/__control" });

	CHECK(json_i64(json_get(r.json, name), &n));
	arena_fini(&a);
	return n;
}

void stripe_force(const char *subscription, const char *json)
{
	struct arena a;

	arena_init(&a);
	stripe_json(&a, arena_fmt(&a, "/__subscriptions/%s", subscription).ptr, json);
	arena_fini(&a);
}

int stripe_resend(const char *event)
{
	struct arena a;
	int64_t status = -1;

	arena_init(&a);
	struct answer r = stripe_json(
		&a, arena_fmt(&a, "/__events/%s/resend", event).ptr, "{}");

	CHECK(json_i64(json_get(r.json, "status"), &status));
	arena_fini(&a);
	return (int)status;
}

bool stripe_has_delivered(void)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (stripe_count("undelivered") > 0) {
		if (clock_mono_ms() > until)
			return false;
		usleep(3000);
	}
	return true;
}

/* An invoice names it under parent, a session as subscription, and itself as id. */
static bool is_about(const struct json *event, struct str subscription)
{
	const struct json *o = json_at(event, "data.object");

	return str_eq(json_text(json_get(o, "id")), subscription) ||
	       str_eq(json_text(json_get(o, "subscription")), subscription) ||
	       str_eq(json_text(json_at(o, "parent.subscription_details.subscription")),
		       subscription);
}

int stripe_events_of(struct arena *a, const char *subscription, const char **ids, int max)
{
	struct answer r = stripe_call(a, "GET", "/v1/events?limit=100");
	const struct json *list = json_get(r.json, "data");
	int n = 0;

	for (const struct json *e = list ? list->first : NULL; e; e = e->next) {
		if (!is_about(e, str_of(subscription)) || n == max)
			continue;
		for (int i = n++; i > 0; i--)
			ids[i] = ids[i - 1];
		ids[0] = arena_cstr(a, json_text(json_get(e, "id")));
	}
	return n;
}

/* ---- webhooks of our own making ---- */

struct answer webhook_signed(
	struct arena *a, const char *body, const char *secret, int64_t t_s)
{
	struct str text = arena_fmt(a, "%lld.%s", (long long)t_s, body);
	uint8_t mac[32];
	char hex[65];

	hmac_sha256(str_of(secret), text, mac);
	hex_format(mac, sizeof mac, hex);
	return talk(a, billing.socket,
		&(struct talk){ .path = "/webhook/stripe",
			.body = body,
			.headers = arena_fmt(a, "Stripe-Signature: t=%lld,v1=%s\r\n",
				(long long)t_s, hex)
					   .ptr });
}

struct answer webhook(struct arena *a, const char *body)
{
	return webhook_signed(a, body, WEBHOOK_SECRET, clock_wall_s());
}
