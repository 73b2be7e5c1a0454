#include "http/peers.h"

#include <stdio.h>

#include "tests/lib/test.h"

static struct peer where;

static bool enters(struct peers *p, const char *address, uint64_t now_ms)
{
	return peers_enter(p, address, now_ms, &where);
}

TEST(each_address_has_its_own_count)
{
	struct peers *p = peers_new(NULL, 0, 2, 0);

	CHECK(enters(p, "10.0.0.1", 0) && enters(p, "10.0.0.1", 0));
	CHECK(!enters(p, "10.0.0.1", 0));
	CHECK(enters(p, "10.0.0.2", 0));
	CHECK(enters(p, "10.0.0.2", 0));
	peers_leave(p, where);
	CHECK(!enters(p, "10.0.0.1", 0));
	CHECK(enters(p, "10.0.0.2", 0));
	peers_free(&p);
	CHECK(!p);
	peers_free(&p);
}

TEST(new_connections_come_back_with_time)
{
	struct peers *p = peers_new(NULL, 0, 0, 2);

	CHECK(enters(p, "a", 0) && enters(p, "a", 0));
	CHECK(!enters(p, "a", 0));
	CHECK(!enters(p, "a", 499));
	CHECK(enters(p, "a", 500));
	CHECK(!enters(p, "a", 501));
	CHECK(enters(p, "a", 100000) && enters(p, "a", 100000));
	CHECK(!enters(p, "a", 100000)); /* never more than a second's worth at once */
	CHECK(enters(p, "b", 100000));
	peers_free(&p);
}

TEST(several_processes_count_together)
{
	struct peers_area *area = peers_area_new();
	struct peers *p = peers_new(area, 1, 3, 4), *q = peers_new(area, 7, 3, 4);

	peers_area_empty(area, 1);
	peers_area_empty(area, 7);
	CHECK(enters(p, "a", 0) && enters(q, "a", 0) && enters(p, "a", 0));
	CHECK(!enters(q, "a", 0));
	CHECK(!enters(p, "a", 0));
	peers_area_empty(area, 1); /* it died, and two connections with it */
	CHECK(enters(q, "a", 0));
	CHECK(!enters(q, "a", 0)); /* four in a second, with all together */
	CHECK(enters(q, "a", 250));
	CHECK(!enters(q, "a", 9000)); /* three at once */
	CHECK(enters(q, "b", 0));
	peers_free(&p);
	peers_free(&q);
}

/* A few hundred addresses that have all they may have are in nobody's way. */
TEST(full_addresses_are_not_held_against_others)
{
	struct peers *p = peers_new(NULL, 0, 100, 100);
	char address[20];
	int refused = 0;

	for (int i = 0; i < 200; i++) {
		snprintf(address, sizeof address, "10.0.0.%d", i);
		for (int n = 0; n < 100; n++)
			CHECK(enters(p, address, 0));
		CHECK(!enters(p, address, 0));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(address, sizeof address, "10.1.0.%d", i);
		refused += !enters(p, address, 0);
	}
	CHECK(refused < 5);
	peers_free(&p);
}
