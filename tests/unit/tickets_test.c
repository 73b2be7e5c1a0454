/* Keys of session tickets: new every period, the same for all (secure/tickets.h). */
#include "secure/tickets.h"

#include "tests/lib/test.h"

#define PERIOD 43200

static const uint8_t secret[32] = { 1, 2, 3 }, other_secret[32] = { 1, 2, 4 };

/* ---- own ---- */

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
	first = r.own[0];
	tickets_turn(&r, 11 * PERIOD - 1);
	CHECK(memcmp(&first, &r.own[0], sizeof first) == 0);
	tickets_turn(&r, 11 * PERIOD);
	second = r.own[0];
	CHECK(memcmp(&first, &r.own[1], sizeof first) == 0);
	CHECK(memcmp(&first, &second, sizeof first) != 0);
	tickets_turn(&r, 12 * PERIOD);
	CHECK(memcmp(&second, &r.own[1], sizeof second) == 0);
}

TEST(each_gateway_has_its_own)
{
	struct ticket_ring a, b;

	tickets_init(&a, 0);
	tickets_init(&b, 0);
	CHECK(memcmp(&a.own[0], &b.own[0], sizeof a.own[0]) != 0);
}

/* ---- common ---- */

static bool opens(const struct ticket_ring *r, const struct ticket_key *sealed)
{
	int count;
	const struct ticket_key *keys = tickets_keys(r, true, &count);

	while (count--) {
		if (memcmp(&keys[count], sealed, sizeof *sealed) == 0)
			return true;
	}
	return false;
}

static struct ticket_ring shared_at(const uint8_t from[32], int64_t now_s)
{
	struct ticket_ring r;

	tickets_init(&r, now_s);
	tickets_share(&r, from);
	return r;
}

static const struct ticket_key *sealing(const struct ticket_ring *r)
{
	int count;

	return tickets_keys(r, true, &count);
}

TEST(gateways_with_one_secret_open_each_other_s_tickets)
{
	struct ticket_ring a = shared_at(secret, 10 * PERIOD + 5),
			   b = shared_at(secret, 10 * PERIOD + 5000),
			   stranger = shared_at(other_secret, 10 * PERIOD + 5);

	CHECK(opens(&b, sealing(&a)) && opens(&a, sealing(&b)));
	CHECK(!opens(&stranger, sealing(&a)) && !opens(&a, sealing(&stranger)));
	CHECK(memcmp(&a.own[0], &b.own[0], sizeof a.own[0]) != 0);
}

TEST(common_keys_change_too_and_clocks_may_differ)
{
	struct ticket_ring late = shared_at(secret, 11 * PERIOD - 1), early = late;
	struct ticket_key before = *sealing(&late);

	tickets_turn(&early, 11 * PERIOD);
	CHECK(memcmp(&before, sealing(&early), sizeof before) != 0);
	CHECK(opens(&late, sealing(&early)) && opens(&early, sealing(&late)));
	tickets_turn(&early, 12 * PERIOD);
	CHECK(!opens(&early, &before));
}

TEST(without_a_secret_all_keys_are_own)
{
	struct ticket_ring r = shared_at(NULL, 0);
	int count;

	CHECK(tickets_keys(&r, true, &count) == r.own);
	CHECK_INT(count, TICKETS_OWN);
	tickets_share(&r, secret);
	CHECK(tickets_keys(&r, true, &count) == r.common);
	CHECK(tickets_keys(&r, false, &count) == r.own);
}
