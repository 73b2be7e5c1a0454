/* Keys of session tickets: new every period, the same for all (secure/tickets.h). */
#include "secure/tickets.h"

#include "tests/lib/test.h"

#define PERIOD 43200

TEST(two_that_start_alike_stay_alike)
{
	struct ticket_ring a, b;

	tickets_init(&a, 10 * PERIOD);
	b = a;
	tickets_turn(&a, 11 * PERIOD);
	tickets_turn(&a, 12 * PERIOD);
	CHECK(memcmp(&a, &b, sizeof a) != 0);
	tickets_turn(&b, 12 * PERIOD + 5);
	CHECK(memcmp(&a, &b, sizeof a) == 0);
}

TEST(the_last_key_is_kept_and_the_one_before_is_not)
{
	struct ticket_ring r;
	struct ticket_key first, second;

	tickets_init(&r, 10 * PERIOD);
	first = r.key[0];
	tickets_turn(&r, 11 * PERIOD - 1);
	CHECK(memcmp(&first, &r.key[0], sizeof first) == 0);
	tickets_turn(&r, 11 * PERIOD);
	second = r.key[0];
	CHECK(memcmp(&first, &r.key[1], sizeof first) == 0);
	CHECK(memcmp(&first, &second, sizeof first) != 0);
	tickets_turn(&r, 12 * PERIOD);
	CHECK(memcmp(&second, &r.key[1], sizeof second) == 0);
}

TEST(each_installation_has_its_own)
{
	struct ticket_ring a, b;

	tickets_init(&a, 0);
	tickets_init(&b, 0);
	CHECK(memcmp(&a.key[0], &b.key[0], sizeof a.key[0]) != 0);
}
