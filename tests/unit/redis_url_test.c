#include "data/redis_url.h"

#include "data/redis.h"
#include "tests/lib/test.h"

static struct arena a;

static struct redis_url good(const char *url)
{
	struct redis_url u;
	const char *why = redis_url_parse(&a, str_of(url), &u);

	if (why)
		test_fail(__FILE__, __LINE__, "%s: %s", url, why);
	return u;
}

TEST(host_and_port)
{
	struct redis_url u = good("redis://localhost");

	CHECK_STR(str_of(u.host), STR("localhost"));
	CHECK_INT(u.port, 6379);
	CHECK(!u.tls && !u.path && !u.user.len && !u.password.len && !u.db);
	u = good("redis://cache.example:7000/");
	CHECK_STR(str_of(u.host), STR("cache.example"));
	CHECK_INT(u.port, 7000);
	u = good("redis://[::1]:6380/3");
	CHECK_STR(str_of(u.host), STR("::1"));
	CHECK_INT(u.port, 6380);
	CHECK_INT(u.db, 3);
	CHECK_INT(good("redis://[::1]").port, 6379);
	arena_fini(&a);
}

TEST(login)
{
	struct redis_url u = good("redis://:s3cret@h");

	CHECK_STR(u.user, STR(""));
	CHECK_STR(u.password, STR("s3cret"));
	u = good("rediss://chat:p%40ss%2Fw:rd@h:1/0");
	CHECK(u.tls);
	CHECK_STR(u.user, STR("chat"));
	CHECK_STR(u.password, STR("p@ss/w:rd"));
	CHECK_STR(str_of(u.host), STR("h"));
	u = good("redis://a:b@c@h");
	CHECK_STR(u.password, STR("b@c"));
	arena_fini(&a);
}

TEST(unix_socket)
{
	struct redis_url u = good("unix:///run/redis/s.sock?db=2");

	CHECK_STR(str_of(u.path), STR("/run/redis/s.sock"));
	CHECK_INT(u.db, 2);
	CHECK(!u.host);
	CHECK_STR(str_of(good("unix:///a%20b").path), STR("/a b"));
	arena_fini(&a);
}

TEST(what_is_wrong_is_said)
{
	static const char *const bad[] = { "", "localhost:6379", "http://h", "redis:/h",
		"redis://", "redis:///1", "redis://:6379", "redis://h:0", "redis://h:65536",
		"redis://h:", "redis://h:x", "redis://h:1:2", "redis://h/x", "redis://h/-1",
		"redis://h/1/2", "redis://h/99999", "redis://u@h", "redis://u:%4@h",
		"redis://u:%zz@h", "redis://u:%00@h", "redis://[::1", "redis://[::1]6379",
		"redis://[]", "unix://", "unix://run/s", "unix:///s?name=1",
		"unix:///s?db=x", "redis://a b", "redis://h\t", "unix:///\xc3\xa4" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!redis_url_problem(bad[i]))
			test_fail(__FILE__, __LINE__, "taken for good: %s", bad[i]);
	}
	CHECK(!redis_url_problem("redis://127.0.0.1:6379/0"));
	CHECK(!redis_url_problem("rediss://:pw@cache:6380"));
}
