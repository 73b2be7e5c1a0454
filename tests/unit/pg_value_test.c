#include <libpq-fe.h>

#include "data/pg.h"
#include "tests/lib/test.h"

#define AS_STR(p, i) str_span((p).value[i], (size_t)(p).len[i])

TEST(params_are_big_endian)
{
	struct pg_params p = { 0 };

	pg_add_i32(&p, -2);
	pg_add_i64(&p, INT64_C(0x0102030405060708));
	pg_add_bool(&p, true);
	pg_add_bool(&p, false);
	CHECK_INT(p.n, 4);
	CHECK_STR(AS_STR(p, 0), STR("\xff\xff\xff\xfe"));
	CHECK_STR(AS_STR(p, 1), STR("\x01\x02\x03\x04\x05\x06\x07\x08"));
	CHECK_STR(AS_STR(p, 2), STR("\x01"));
	CHECK_STR(AS_STR(p, 3), STR("\x00"));
}

TEST(params_tell_null_from_empty)
{
	struct pg_params p = { 0 };

	pg_add_text(&p, STR_NONE);
	pg_add_text(&p, STR(""));
	pg_add_bytes(&p, STR("a\0b"));
	pg_add_uuid(&p, NULL);
	pg_add_null(&p);
	CHECK(!p.value[0]);
	CHECK(p.value[1] && p.len[1] == 0);
	CHECK_STR(AS_STR(p, 2), STR("a\0b"));
	CHECK(!p.value[3]);
	CHECK(!p.value[4]);
}

TEST(params_count_time_from_2000)
{
	struct pg_params p = { 0 };

	pg_add_time(&p, INT64_C(946684800000001));
	CHECK_STR(AS_STR(p, 0), STR("\0\0\0\0\0\0\0\1"));
}

TEST(array_has_head_and_elements)
{
	struct pg_params p = { 0 };
	struct pg_array a = { 0 };

	pg_array_begin(&a, PG_ELEM_TEXT);
	pg_array_text(&a, STR("ab"));
	pg_array_text(&a, STR_NONE);
	pg_array_text(&a, STR(""));
	pg_add_array(&p, &a);
	CHECK_INT(a.count, 3);
	/* clang-format off */
	CHECK_STR(AS_STR(p, 0),
		STR("\0\0\0\1"     /* dimensions */
		    "\0\0\0\1"     /* has NULLs */
		    "\0\0\0\x19"   /* text */
		    "\0\0\0\3"     /* length */
		    "\0\0\0\1"     /* lower bound */
		    "\0\0\0\2" "ab" "\xff\xff\xff\xff" "\0\0\0\0"));
	/* clang-format on */
	pg_array_fini(&a);
}

TEST(array_used_again_starts_over)
{
	struct pg_params p = { 0 };
	struct pg_array a = { 0 };

	pg_array_begin(&a, PG_ELEM_TEXT);
	pg_array_null(&a);
	pg_array_begin(&a, PG_ELEM_I32);
	pg_array_i32(&a, 7);
	pg_add_array(&p, &a);
	/* clang-format off */
	CHECK_STR(AS_STR(p, 0),
		STR("\0\0\0\1" "\0\0\0\0" "\0\0\0\x17" "\0\0\0\1" "\0\0\0\1"
		    "\0\0\0\4" "\0\0\0\7"));
	/* clang-format on */
	pg_array_fini(&a);
}

/* A result with one row of one column. */
static PGresult *result_of(struct str value, bool is_null)
{
	PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	char name[] = "x";
	PGresAttDesc column = { .name = name, .format = 1 };
	char copy[64] = { 0 };

	memcpy(copy, value.len ? value.ptr : "", value.len);
	PQsetResultAttrs(r, 1, &column);
	PQsetvalue(r, 0, 0, copy, is_null ? -1 : (int)value.len);
	return r;
}

static int64_t i64_of(struct str value)
{
	PGresult *r = result_of(value, false);
	int64_t n = pg_i64((const struct pg_rows *)r, 0, 0);

	PQclear(r);
	return n;
}

TEST(rows_read_integers_of_any_width)
{
	CHECK_INT(i64_of(STR("\xff\xfe")), -2);
	CHECK_INT(i64_of(STR("\x01\x02")), 258);
	CHECK_INT(i64_of(STR("\xff\xff\xff\xfe")), -2);
	CHECK_INT(i64_of(STR("\x7f\xff\xff\xff")), INT32_MAX);
	CHECK_INT(i64_of(STR("\x80\0\0\0\0\0\0\0")), INT64_MIN);
}

TEST(rows_read_null_as_nothing)
{
	PGresult *r = result_of(STR_NONE, true);
	const struct pg_rows *rows = (const struct pg_rows *)r;
	struct uuid u = pg_uuid(rows, 0, 0);

	CHECK_INT(pg_count(rows), 1);
	CHECK(pg_null(rows, 0, 0));
	CHECK_INT(pg_i64(rows, 0, 0), 0);
	CHECK(!pg_bool(rows, 0, 0));
	CHECK_INT(pg_time(rows, 0, 0), 0);
	CHECK_STR(pg_text(rows, 0, 0), STR(""));
	CHECK(uuid_is_nil(&u));
	PQclear(r);
}

TEST(sqlstates_have_their_err)
{
	static const struct {
		const char *state;
		enum err e;
	} want[] = {
		{ "23505", ERR_CONFLICT },
		{ "23503", ERR_NOT_FOUND },
		{ "23514", ERR_INVALID },
		{ "22021", ERR_INVALID },
		{ "22P02", ERR_INVALID },
		{ "40001", ERR_BUSY },
		{ "40P01", ERR_BUSY },
		{ "55P03", ERR_BUSY },
		{ "57014", ERR_TIMEOUT },
		{ "53300", ERR_UNAVAILABLE },
		{ "57P01", ERR_UNAVAILABLE },
		{ "57P03", ERR_UNAVAILABLE },
		{ "08006", ERR_UNAVAILABLE },
		{ "25006", ERR_UNAVAILABLE },
		{ "42501", ERR_DENIED },
		{ "CA404", ERR_NOT_FOUND },
		{ "CA409", ERR_CONFLICT },
		{ "CA429", ERR_BUSY },
		{ "42P01", ERR_INTERNAL },
		{ "23502", ERR_INTERNAL },
		{ "XX000", ERR_INTERNAL },
		{ "", ERR_INTERNAL },
	};

	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		CHECK_INT(pg_err_of_sqlstate(want[i].state), want[i].e);
}

TEST(urls_are_judged_without_being_quoted)
{
	static const char *const good[] = { "postgres://u:p@h/d",
		"postgresql://u@/d?host=/tmp",
		"postgresql://u@a:1,b:2/d?target_session_attrs=read-write",
		"postgresql://u@a,b:5432/d", "postgresql://u@[::1]:5432/d",
		"postgresql:///d" };
	static const char *const bad[] = { "mysql://u:secret@h/d",
		"postgresql://u:sec%zzret@h/d", "postgresql://u@h/d?secret=1",
		"postgresql://u@a,b,c/d?port=1,2",
		"postgresql://u@a,b/d?hostaddr=127.0.0.1" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CHECK_STR(str_of(pg_url_problem(good[i])), STR_NONE);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *why = pg_url_problem(bad[i]);

		CHECK(why && !strstr(why, "secret"));
	}
}
