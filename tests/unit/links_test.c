/* What a process in production may speak to in plain: nothing beyond its own machine. */
#include "app/links.h"

#include <stdlib.h>

#include "app/app.h"
#include "data/here.h"
#include "tests/lib/test.h"

static struct app app;

/* How many of the two are refused. */
static int refused(const char *redis_url, const char *database_url)
{
	struct buf problems = { 0 };
	struct str rest, line;
	int n = 0;

	app.set.redis_url = redis_url;
	app.set.database_url = database_url;
	links_check(&app, &problems);
	rest = buf_str(&problems);
	while (str_cut(&rest, '\n', &line))
		n += line.len > 0;
	buf_fini(&problems);
	return n;
}

static void production(bool plain_links)
{
	unsetenv("PGSSLMODE");
	unsetenv("PGHOST");
	app.set.production = true;
	app.set.plain_links = plain_links;
}

TEST(redis_is_spoken_to_by_tls_or_stays_here)
{
	static const char *const good[] = { "rediss://cache:6379", "unix:///run/redis.sock",
		"redis://127.0.0.1", "redis://:pw@localhost:6379/1", "redis://[::1]:6379",
		"rediss://10.0.0.1" };
	static const char *const bad[] = { "redis://cache:6379", "redis://:pw@10.0.0.1",
		"redis://localhost.example.com", "redis://127.example.com",
		"redis://[2001:db8::1]" };

	production(false);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (refused(good[i], NULL))
			test_fail(__FILE__, __LINE__, "refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!refused(bad[i], NULL))
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

TEST(postgres_is_verified_or_stays_here)
{
	static const char *const good[] = { "postgres://u@db/x?sslmode=verify-full",
		"postgres://u@localhost/x", "postgres://u@127.0.0.1:5432/x",
		"postgres://u@[::1]/x", "postgres:///x?host=/run/postgresql",
		"postgres://u@a,b/x?sslmode=verify-full",
		"postgres://u@db/x?hostaddr=127.0.0.1" };
	static const char *const bad[] = { "postgres://u@db/x",
		"postgres://u@db/x?sslmode=require", "postgres://u@db/x?sslmode=verify-ca",
		"postgres://u@localhost,db/x", "postgres://u@10.0.0.1/x",
		"postgres://u@localhost/x?hostaddr=10.0.0.1" };

	production(false);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (refused(NULL, good[i]))
			test_fail(__FILE__, __LINE__, "refused: %s", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!refused(NULL, bad[i]))
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

TEST(who_says_so_may_speak_in_plain)
{
	production(false);
	CHECK_INT(refused("redis://cache", "postgres://u@db/x"), 2);
	production(true);
	CHECK_INT(refused("redis://cache", "postgres://u@db/x"), 0);
	app.set.production = app.set.plain_links = false;
	CHECK_INT(refused("redis://cache", "postgres://u@db/x"), 0);
}

static bool may_call(const char *url)
{
	struct buf problems = { 0 };
	bool ok;

	links_check_outside(&app, "X_URL", url, &problems);
	ok = problems.len == 0;
	buf_fini(&problems);
	return ok;
}

TEST(what_is_called_outside_is_called_by_https)
{
	production(true);
	CHECK(may_call("https://api.example.com") && may_call(NULL));
	CHECK(!may_call("http://api.example.com") && !may_call("http://127.0.0.1:1"));
	app.set.production = false;
	CHECK(may_call("http://127.0.0.1:1"));
}

TEST(this_machine_is_told_by_its_address)
{
	CHECK(host_is_here(STR("127.0.0.1")) && host_is_here(STR("127.9.9.9")));
	CHECK(host_is_here(STR("::1")) && host_is_here(STR("LOCALHOST")));
	CHECK(!host_is_here(STR("")) && !host_is_here(STR("128.0.0.1")));
	CHECK(!host_is_here(STR("::2")) && !host_is_here(STR("127.0.0.1.example.com")));
}
