#include "http/peers.h"
#include "tests/lib/test.h"

TEST(each_address_has_its_own_count)
{
	struct peers *p = peers_new(2, 0);
	struct peer *a = peers_enter(p, "10.0.0.1", 0), *b = peers_enter(p, "10.0.0.1", 0);

	CHECK(a && a == b);
	CHECK(!peers_enter(p, "10.0.0.1", 0));
	CHECK(peers_enter(p, "10.0.0.2", 0) != NULL);
	peers_leave(p, a);
	CHECK(peers_enter(p, "10.0.0.1", 0) == a);
	peers_free(&p);
	CHECK(!p);
	peers_free(&p);
}

TEST(new_connections_come_back_with_time)
{
	struct peers *p = peers_new(0, 2);

	CHECK(peers_enter(p, "a", 0) && peers_enter(p, "a", 0));
	CHECK(!peers_enter(p, "a", 0));
	CHECK(!peers_enter(p, "a", 499));
	CHECK(peers_enter(p, "a", 500) != NULL);
	CHECK(!peers_enter(p, "a", 501));
	CHECK(peers_enter(p, "a", 100000) && peers_enter(p, "a", 100000));
	CHECK(!peers_enter(p, "a", 100000)); /* never more than a second's worth at once */
	peers_free(&p);
}

TEST(an_address_is_forgotten_when_nothing_is_known_of_it)
{
	struct peers *p = peers_new(1, 1);
	struct peer *one = peers_enter(p, "a", 0);

	peers_leave(p, one);
	peers_sweep(p, 500);
	CHECK(!peers_enter(p, "a", 500)); /* too soon, still known */
	peers_sweep(p, 1000);
	CHECK(peers_enter(p, "a", 1000) != NULL);
	peers_sweep(p, 99000); /* connected: kept */
	CHECK(!peers_enter(p, "a", 99000));
	peers_free(&p);
}
