// needs: services/chat/places.c
/* Places: what was told, as ids of events; and what is none. */
#include "../../services/chat/places.h"

#include "tests/lib/test.h"

#define FLOOR "01995f00-0000-7000-8000-00000000000a"
#define HASH  "0123456789abcdef"

static struct stream_place told(const char *text)
{
	struct stream_place p = STREAM_START;

	place_move(&p, str_of(text));
	return p;
}

static void check_same(struct str text)
{
	struct buf out = { 0 };
	struct stream_place p;

	CHECK(place_parse(text, &p) && p.given);
	place_put(&out, &p);
	CHECK_STR(buf_str(&out), text);
	buf_fini(&out);
}

TEST(a_place_survives_its_text)
{
	check_same(STR("0-cbf29ce484222325"));
	check_same(STR("17-" HASH));
	check_same(STR("17-" HASH "-end"));
	check_same(STR("8388608-ffffffffffffffff"));
}

TEST(hashing_in_pieces_is_hashing_the_whole)
{
	struct stream_place p = told("Hel");

	place_move(&p, STR("lo"));
	CHECK(p.hash == told("Hello").hash && p.told == 5);
}

TEST(a_place_begins_the_text_that_it_was_told_of)
{
	struct stream_place p = told("Hello"), start = STREAM_START;

	CHECK(place_begins(&p, STR("Hello")));
	CHECK(place_begins(&p, STR("Hello world")));
	CHECK(!place_begins(&p, STR("Hell")));
	CHECK(!place_begins(&p, STR("Hallo world")));
	CHECK(place_begins(&start, STR("")));
}

TEST(what_is_no_place_is_refused)
{
	static const struct str bad[] = { STR(""), STR("-"), STR("1"), STR("1-"),
		STR("-" HASH), STR("1-" HASH "0"), STR("1-0123456789ABCDEF"),
		STR("+1-" HASH), STR("1 -" HASH), STR("1-" HASH "-"), STR("1-" HASH "-en"),
		STR("1-" HASH "-end-end"), STR("-end"), STR("1-" HASH "\0"),
		STR("1\0-" HASH), STR("18446744073709551615-" HASH),
		STR("99999999999999999999-" HASH), STR(FLOOR) };
	struct stream_place p;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (place_parse(bad[i], &p))
			test_fail(__FILE__, __LINE__, "taken: %.*s", STR_ARG(bad[i]));
	}
}

static void put(struct buf *out, const struct room_place *p)
{
	room_place_put_floor(out, &p->floor);
	if (p->summed.count)
		room_place_put_sum(out, &p->summed_to, &p->summed);
	for (unsigned i = 0; i < p->count; i++) {
		struct uuid id = { { 0 } };

		memcpy(id.b + 10, p->reply[i].name, PLACE_NAME_SIZE);
		room_place_put_reply(out, &id, &p->reply[i].at);
	}
}

TEST(a_rooms_place_survives_its_text)
{
	static const struct str good[] = { STR(FLOOR), STR(FLOOR "~" FLOOR "~9-" HASH),
		STR(FLOOR "~" FLOOR "~9-" HASH ".00000000000b"), STR(FLOOR ".00000000000b"),
		STR(FLOOR ".00000000000b-7-" HASH), STR(FLOOR ".00000000000b-0-" HASH),
		STR(FLOOR ".00000000000b-7-" HASH ".00000000000c.00000000000d-1-" HASH) };
	struct room_place p;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct buf out = { 0 };

		CHECK(room_place_parse(good[i], &p));
		put(&out, &p);
		CHECK_STR(buf_str(&out), good[i]);
		buf_fini(&out);
	}
}

TEST(a_rooms_place_says_of_each_reply_how_far)
{
	struct uuid part, ended, none;
	struct room_place p;

	CHECK(uuid_parse(STR("01995f00-0000-7000-8000-00000000000b"), &part));
	CHECK(uuid_parse(STR("01995f00-0000-7000-8000-00000000000c"), &ended));
	CHECK(uuid_parse(STR("01995f00-0000-7000-8000-00000000000d"), &none));
	CHECK(room_place_parse(STR(FLOOR ".00000000000b-7-" HASH ".00000000000c"), &p));
	CHECK_INT(p.count, 2);
	CHECK_INT(room_place_find(&p, &part)->told, 7);
	CHECK(!room_place_find(&p, &part)->ended && room_place_find(&p, &part)->given);
	CHECK(room_place_find(&p, &ended)->ended);
	CHECK(room_place_find(&p, &none) == NULL);
}

TEST(what_is_no_rooms_place_is_refused)
{
	static const struct str bad[] = { STR(""), STR("."), STR("17-" HASH),
		STR(FLOOR "."), STR(FLOOR "~"), STR(FLOOR "~" FLOOR),
		STR(FLOOR "~" FLOOR "~9"), STR(FLOOR "~" FLOOR "~9-" HASH "~"),
		STR(FLOOR "~9-" HASH), STR("~" FLOOR "~9-" HASH), STR(FLOOR ".."),
		STR(FLOOR ".0b"), STR(FLOOR ".00000000000B"), STR(FLOOR ".00000000000b-"),
		STR(FLOOR ".00000000000b-7"), STR(FLOOR ".00000000000b-7-" HASH "-end"),
		STR(FLOOR ".00000000000b-7-" HASH "."), STR(FLOOR " .00000000000b"),
		STR("x" FLOOR), STR("01995f0000007000800000000000000a"), STR(FLOOR "\0") };
	struct room_place p;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (room_place_parse(bad[i], &p))
			test_fail(__FILE__, __LINE__, "taken: %.*s", STR_ARG(bad[i]));
	}
}

TEST(a_rooms_place_names_so_many_replies_and_no_more)
{
	struct buf text = { 0 };
	struct room_place p;

	buf_add_str(&text, STR(FLOOR));
	for (int i = 0; i < ROOM_PLACE_MAX; i++)
		buf_addf(&text, ".%012x-1-" HASH, i);
	CHECK(room_place_parse(buf_str(&text), &p));
	CHECK_INT(p.count, ROOM_PLACE_MAX);
	CHECK(text.len < 4096); /* it is sent in a field of a request */
	buf_add_str(&text, STR(".00000000ffff"));
	CHECK(!room_place_parse(buf_str(&text), &p));
	buf_fini(&text);
}

TEST(a_sum_is_of_its_ids_in_any_order)
{
	struct uuid a = uuid_v7(), b = uuid_v7();
	struct id_sum ab = { 0 }, ba = { 0 }, aa = { 0 };

	id_sum_add(&ab, &a);
	id_sum_add(&ab, &b);
	id_sum_add(&ba, &b);
	id_sum_add(&ba, &a);
	id_sum_add(&aa, &a);
	id_sum_add(&aa, &a);
	CHECK(ab.count == 2 && ab.sum == ba.sum && ab.sum != aa.sum);
}

TEST(ids_are_in_the_order_of_time)
{
	struct uuid a = uuid_v7(), b = uuid_v7(), before = uuid_before(&b),
		    zero = { { 0 } };
	struct uuid then = uuid_at(1763839000123456), now = uuid_at(1763839000124000);

	CHECK(uuid_order(&a, &b) < 0 && uuid_order(&b, &a) > 0 && uuid_order(&a, &a) == 0);
	CHECK(uuid_order(&before, &b) < 0 && uuid_order(&a, &before) <= 0);
	CHECK(uuid_order(&then, &now) < 0);
	b = uuid_at(0);
	CHECK(uuid_eq(&b, &zero));
	memset(a.b + 8, 0, 8);
	before = uuid_before(&a);
	CHECK(before.b[15] == 0xff && before.b[8] == 0xff && uuid_order(&before, &a) < 0);
}
