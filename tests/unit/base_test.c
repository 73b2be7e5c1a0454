#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "base/utf8.h"
#include "tests/lib/test.h"

TEST(str_cut_gives_every_part)
{
	struct str rest = STR("a,,b,"), part;

	CHECK(str_cut(&rest, ',', &part));
	CHECK_STR(part, STR("a"));
	CHECK(str_cut(&rest, ',', &part));
	CHECK_STR(part, STR(""));
	CHECK(str_cut(&rest, ',', &part));
	CHECK_STR(part, STR("b"));
	CHECK(str_cut(&rest, ',', &part));
	CHECK_STR(part, STR(""));
	CHECK(!str_cut(&rest, ',', &part));
}

TEST(str_numbers_are_strict)
{
	uint64_t u;
	int64_t i;

	CHECK(str_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
	CHECK(!str_u64(STR("18446744073709551616"), &u));
	CHECK(!str_u64(STR(""), &u));
	CHECK(!str_u64(STR("+1"), &u));
	CHECK(!str_u64(STR("1 "), &u));
	CHECK(str_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
	CHECK(!str_i64(STR("9223372036854775808"), &i));
	CHECK(!str_i64(STR("-"), &i));
	CHECK(!str_i64(STR("--1"), &i));
}

TEST(str_trim_and_compare)
{
	CHECK_STR(str_trim(STR(" \t a b\t ")), STR("a b"));
	CHECK_STR(str_trim(STR("  ")), STR(""));
	CHECK(str_eq_nocase(STR("Content-Length"), STR("content-LENGTH")));
	CHECK(!str_eq_nocase(STR("a"), STR("ab")));
	CHECK(str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
	CHECK(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
}

TEST(buf_grows_and_consumes)
{
	struct buf b = { 0 };

	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i);
	CHECK_INT(b.len, 3890);
	buf_consume(&b, 3886);
	CHECK_STR(buf_str(&b), STR("999,"));
	buf_add_i64(&b, INT64_MIN);
	buf_add_u64(&b, 0);
	CHECK(strcmp(buf_cstr(&b), "999,-92233720368547758080") == 0);
	buf_fini(&b);
}

TEST(arena_memory_is_zeroed_and_aligned)
{
	for (int round = 0; round < 3; round++) {
		struct arena a;

		arena_init(&a);
		for (size_t size = 1; size < 9000; size = size * 3 + 1) {
			char *p = arena_alloc(&a, size);

			CHECK_INT((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < size; i++)
				CHECK(p[i] == 0);
			memset(p, 0xaa, size);
			CHECK_STR(arena_dup(&a, STR("x")), STR("x"));
		}
		CHECK_STR(arena_fmt(&a, "%d-%s", 7, "b"), STR("7-b"));
		arena_fini(&a);
	}
}

struct item {
	struct list link;
	int n;
};

TEST(list_keeps_order_and_moves)
{
	struct list a, b;
	struct item items[5];
	int want = 0;

	list_init(&a);
	list_init(&b);
	for (int i = 0; i < 5; i++) {
		items[i].n = i;
		list_push(i < 3 ? &a : &b, &items[i].link);
	}
	list_move_all(&a, &b);
	CHECK(list_empty(&b));
	LIST_EACH (&a, it) {
		CHECK_INT(container_of(it, struct item, link)->n, want);
		want++;
		list_del(it);
	}
	CHECK_INT(want, 5);
	CHECK(list_empty(&a) && !list_pop(&a));
}

static void remove_all(struct map_node *node, void *ctx)
{
	map_remove(ctx, node);
}

TEST(map_finds_what_was_put_in)
{
	static struct map_node nodes[1000];
	static char keys[1000][8];
	struct map m;

	map_init(&m);
	for (int i = 0; i < 1000; i++) {
		struct buf b = { 0 };

		buf_addf(&b, "k%d", i);
		memcpy(keys[i], b.ptr, b.len);
		nodes[i].key = str_span(keys[i], b.len);
		CHECK(!map_find(&m, nodes[i].key));
		map_insert(&m, &nodes[i]);
		buf_fini(&b);
	}
	for (int i = 0; i < 1000; i++)
		CHECK(map_find(&m, nodes[i].key) == &nodes[i]);
	map_remove(&m, &nodes[500]);
	CHECK(!map_find(&m, STR("k500")));
	CHECK(map_find(&m, STR("k501")) == &nodes[501]);
	map_each(&m, remove_all, &m);
	CHECK_INT(m.count, 0);
	map_fini(&m);
}

/* Appendix A of the SipHash paper. */
TEST(siphash_paper_vector)
{
	uint64_t seed[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	char in[15];

	for (int i = 0; i < 15; i++)
		in[i] = (char)i;
	CHECK(siphash(seed, str_span(in, 15)) == 0xa129ca6149be45e5u);
}

TEST(clock_writes_rfc3339)
{
	char out[CLOCK_RFC3339_SIZE];

	clock_rfc3339(0, out);
	CHECK_STR(str_of(out), STR("1970-01-01T00:00:00.000000Z"));
	clock_rfc3339(951827696789012, out);
	CHECK_STR(str_of(out), STR("2000-02-29T12:34:56.789012Z"));
	clock_rfc3339(-1, out);
	CHECK_STR(str_of(out), STR("1969-12-31T23:59:59.999999Z"));
	clock_rfc3339(4102444799000000, out);
	CHECK_STR(str_of(out), STR("2099-12-31T23:59:59.000000Z"));
}

TEST(uuid_v7_rises_and_round_trips)
{
	struct uuid last = uuid_v7(), back;
	char text[UUID_TEXT_SIZE];

	for (int i = 0; i < 20000; i++) {
		struct uuid u = uuid_v7();

		CHECK(memcmp(last.b, u.b, 16) < 0);
		last = u;
	}
	CHECK_INT(last.b[6] >> 4, 7);
	CHECK_INT(last.b[8] >> 6, 2);
	uuid_format(&last, text);
	CHECK(uuid_parse(str_of(text), &back) && uuid_eq(&last, &back));
	CHECK(!uuid_parse(STR("01234567-89ab-7def-8123-456789abcdeg"), &back));
	CHECK(!uuid_parse(STR("0123456789ab-7def-8123-456789abcdef-"), &back));
	CHECK(!uuid_parse(STR(""), &back));
}

TEST(hex_is_strict)
{
	char text[9];
	unsigned char back[4];

	hex_format("\x00\xff\x1a\x2b", 4, text);
	CHECK_STR(str_of(text), STR("00ff1a2b"));
	CHECK(hex_parse(STR("00ff1a2b"), back, 4) && back[1] == 0xff);
	CHECK(!hex_parse(STR("00FF1a2b"), back, 4));
	CHECK(!hex_parse(STR("00ff1a2"), back, 4));
}

TEST(random_below_stays_below)
{
	bool seen[6] = { false };

	for (int i = 0; i < 1000; i++) {
		uint64_t n = random_below(6);

		CHECK(n < 6);
		seen[n % 6] = true;
	}
	for (int i = 0; i < 6; i++)
		CHECK(seen[i]);
}

TEST(utf8_refuses_what_postgres_refuses)
{
	static const struct {
		const char *bytes;
		bool good;
	} table[] = {
		{ "", true },
		{ "plain ascii, longer than eight", true },
		{ "\xc3\xa9", true },
		{ "\xe2\x82\xac", true },
		{ "\xf0\x9f\x98\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\xc0\xaf", false },
		{ "\xc1\xbf", false },
		{ "\xe0\x80\xaf", false },
		{ "\xed\xa0\x80", false },
		{ "\xf0\x80\x80\x80", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\x80", false },
		{ "\xe2\x82", false },
		{ "12345678\xff", false },
		{ "\xc3(", false },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		CHECK_INT(utf8_valid(str_of(table[i].bytes)), table[i].good);
	CHECK_INT(utf8_count(STR("a\xe2\x82\xac\xf0\x9f\x98\x80")), 3);
	CHECK_INT(utf8_whole(STR("a\xe2\x82")), 1);
	CHECK_INT(utf8_whole(STR("a\xe2\x82\xac")), 4);
	CHECK_INT(utf8_whole(STR("\xf0\x9f\x98")), 0);
	CHECK_INT(utf8_whole(STR("abc")), 3);
}
