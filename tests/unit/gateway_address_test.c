// needs: gateway/address.c
#include "gateway/address.h"

#include "tests/lib/test.h"

static struct str client(
	const char *trusted, const char *peer, const char *forwarded, struct arena *a)
{
	struct http_header fields[] = { { STR("Host"), STR("a") },
		{ STR("x-forwarded-for"), str_of(forwarded) } };
	struct http_request r = {
		.peer = str_of(peer), .headers = fields, .header_count = forwarded ? 2 : 1
	};
	struct networks n;

	CHECK(networks_parse(trusted, &n));
	return address_of_client(&n, &r, a);
}

TEST(the_client_is_the_first_from_the_right_that_is_no_trusted_proxy)
{
	static const struct {
		const char *trusted, *peer, *forwarded, *client;
	} cases[] = {
		{ "", "192.0.2.1", "198.51.100.7", "192.0.2.1" },
		{ NULL, "192.0.2.1", NULL, "192.0.2.1" },
		{ "10.0.0.0/8", "192.0.2.1", "198.51.100.7", "192.0.2.1" },
		{ "10.0.0.0/8", "10.1.2.3", NULL, "10.1.2.3" },
		{ "10.0.0.0/8", "10.1.2.3", "", "10.1.2.3" },
		{ "10.0.0.0/8", "10.1.2.3", "198.51.100.7", "198.51.100.7" },
		{ "10.0.0.0/8", "10.1.2.3", "1.1.1.1, 198.51.100.7", "198.51.100.7" },
		{ "10.0.0.0/8", "10.1.2.3", "1.1.1.1, 198.51.100.7 ,10.9.9.9",
			"198.51.100.7" },
		{ "10.0.0.0/8", "10.1.2.3", "10.0.0.7,10.9.9.9", "10.0.0.7" },
		{ "10.0.0.0/8", "10.1.2.3", "198.51.100.7,unknown", "10.1.2.3" },
		{ "10.0.0.0/8", "10.1.2.3", "198.51.100.7:1234", "10.1.2.3" },
		{ "10.0.0.0/8", "10.1.2.3", ",,,", "10.1.2.3" },
		{ "::1,10.0.0.0/8", "::1", "2001:db8::7, 10.0.0.1", "2001:db8::7" },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:198.51.100.7", "198.51.100.7" },
		{ "unix", "unix", "198.51.100.7", "198.51.100.7" },
		{ "10.0.0.0/8", "unix", "198.51.100.7", "unix" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a;

		arena_init(&a);
		CHECK_STR(client(cases[i].trusted, cases[i].peer, cases[i].forwarded, &a),
			str_of(cases[i].client));
		arena_fini(&a);
	}
}

TEST(several_fields_are_one_list)
{
	struct http_header fields[] = { { STR("X-Forwarded-For"), STR("1.1.1.1") },
		{ STR("X-FORWARDED-FOR"), STR("10.0.0.2") } };
	struct http_request r = {
		.peer = STR("10.0.0.1"), .headers = fields, .header_count = 2
	};
	struct networks n;
	struct arena a;

	arena_init(&a);
	CHECK(networks_parse("10.0.0.0/8", &n));
	CHECK_STR(address_of_client(&n, &r, &a), STR("1.1.1.1"));
	arena_fini(&a);
}

TEST(networks_are_read)
{
	static const char *const good[] = { "", "10.0.0.0/8", "::1", "0.0.0.0/0", "::/0",
		"2001:db8::/32, 192.0.2.1", "unix,127.0.0.1" };
	static const char *const bad[] = { ",", "10.0.0.0/33", "10.0.0/8", "::1/129", "a",
		"10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8,", "unix/8" };
	struct networks n;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(networks_parse(good[i], &n));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (networks_parse(bad[i], &n))
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

TEST(networks_hold_what_shares_their_first_bits)
{
	struct networks n;

	CHECK(networks_parse("10.32.0.0/11,2001:db8::/33,192.0.2.7", &n));
	CHECK(networks_hold(&n, STR("10.32.0.1")));
	CHECK(networks_hold(&n, STR("10.63.255.255")));
	CHECK(!networks_hold(&n, STR("10.64.0.0")));
	CHECK(!networks_hold(&n, STR("10.31.255.255")));
	CHECK(networks_hold(&n, STR("2001:db8:7fff::1")));
	CHECK(!networks_hold(&n, STR("2001:db8:8000::1")));
	CHECK(networks_hold(&n, STR("192.0.2.7")));
	CHECK(!networks_hold(&n, STR("192.0.2.8")));
	CHECK(!networks_hold(&n, STR("unix")));
	CHECK(!networks_hold(&n, STR("nonsense")));
}
