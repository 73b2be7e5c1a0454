#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdlib.h>

#include "data/pg.h"

/* Binary timestamptz counts microseconds from 2000-01-01. */
#define EPOCH_2000_US INT64_C(946684800000000)

static void put_32(char *to, int32_t n)
{
	uint32_t wire = htonl((uint32_t)n);

	memcpy(to, &wire, 4);
}

static void put_64(char *to, int64_t n)
{
	uint64_t wire = htobe64((uint64_t)n);

	memcpy(to, &wire, 8);
}

static int32_t get_32(const char *from)
{
	uint32_t wire;

	memcpy(&wire, from, 4);
	return (int32_t)ntohl(wire);
}

static int64_t get_64(const char *from)
{
	uint64_t wire;

	memcpy(&wire, from, 8);
	return (int64_t)be64toh(wire);
}

/* ---- parameters ---- */

static void add(struct pg_params *p, const char *value, size_t len)
{
	assert(p->n < PG_PARAMS_MAX && len <= INT_MAX);
	p->value[p->n] = value;
	p->len[p->n++] = (int)len;
}

static char *fixed(struct pg_params *p)
{
	assert(p->n < PG_PARAMS_MAX);
	return p->fixed[p->n];
}

void pg_add_text(struct pg_params *p, struct str s)
{
	add(p, s.ptr, s.len);
}

void pg_add_bytes(struct pg_params *p, struct str s)
{
	add(p, s.ptr, s.len);
}

void pg_add_null(struct pg_params *p)
{
	add(p, NULL, 0);
}

void pg_add_uuid(struct pg_params *p, const struct uuid *u)
{
	if (!u) {
		pg_add_null(p);
		return;
	}
	add(p, memcpy(fixed(p), u->b, sizeof u->b), sizeof u->b);
}

void pg_add_i32(struct pg_params *p, int32_t n)
{
	put_32(fixed(p), n);
	add(p, fixed(p), 4);
}

void pg_add_i64(struct pg_params *p, int64_t n)
{
	put_64(fixed(p), n);
	add(p, fixed(p), 8);
}

void pg_add_bool(struct pg_params *p, bool b)
{
	*fixed(p) = b;
	add(p, fixed(p), 1);
}

void pg_add_time(struct pg_params *p, int64_t wall_us)
{
	pg_add_i64(p, wall_us - EPOCH_2000_US);
}

/* ---- arrays ---- */

/* Dimensions, any NULLs, element type, length, lower bound; then the elements. */
enum { AT_NULLS = 4, AT_LENGTH = 12, HEAD_SIZE = 20 };

static int32_t oid_of(enum pg_elem elem)
{
	switch (elem) {
	case PG_ELEM_UUID:
		return 2950;
	case PG_ELEM_TEXT:
		return 25;
	case PG_ELEM_I32:
		return 23;
	case PG_ELEM_I64:
		return 20;
	case PG_ELEM_BOOL:
		return 16;
	case PG_ELEM_TIME:
		return 1184;
	case PG_ELEM_BYTES:
		return 17;
	}
	abort(); /* not an element type */
}

void pg_array_begin(struct pg_array *a, enum pg_elem elem)
{
	char *head;

	buf_clear(&a->out);
	a->count = 0;
	head = buf_reserve(&a->out, HEAD_SIZE);
	put_32(head, 1);
	put_32(head + AT_NULLS, 0);
	put_32(head + 8, oid_of(elem));
	put_32(head + AT_LENGTH, 0);
	put_32(head + 16, 1);
	a->out.len = HEAD_SIZE;
}

/* Room for an element of `len` bytes, its length written. */
static char *element(struct pg_array *a, size_t len)
{
	char *at;

	assert(len <= INT_MAX && a->count < INT_MAX);
	at = buf_reserve(&a->out, 4 + len);
	put_32(at, (int32_t)len);
	a->out.len += 4 + len;
	a->count++;
	return at + 4;
}

void pg_array_null(struct pg_array *a)
{
	put_32(element(a, 0) - 4, -1);
	put_32(a->out.ptr + AT_NULLS, 1);
}

void pg_array_uuid(struct pg_array *a, const struct uuid *u)
{
	memcpy(element(a, sizeof u->b), u->b, sizeof u->b);
}

void pg_array_text(struct pg_array *a, struct str s)
{
	char *at;

	if (!s.ptr) {
		pg_array_null(a);
		return;
	}
	at = element(a, s.len);
	if (s.len)
		memcpy(at, s.ptr, s.len);
}

void pg_array_i32(struct pg_array *a, int32_t n)
{
	put_32(element(a, 4), n);
}

void pg_array_i64(struct pg_array *a, int64_t n)
{
	put_64(element(a, 8), n);
}

void pg_array_bool(struct pg_array *a, bool b)
{
	*element(a, 1) = b;
}

void pg_array_time(struct pg_array *a, int64_t wall_us)
{
	pg_array_i64(a, wall_us - EPOCH_2000_US);
}

void pg_add_array(struct pg_params *p, struct pg_array *a)
{
	assert(a->out.len >= HEAD_SIZE); /* pg_array_begin was called */
	put_32(a->out.ptr + AT_LENGTH, a->count);
	add(p, a->out.ptr, a->out.len);
}

void pg_array_fini(struct pg_array *a)
{
	buf_fini(&a->out);
	a->count = 0;
}

/* ---- results: a struct pg_rows is libpq's PGresult ---- */

static const PGresult *result(const struct pg_rows *rows)
{
	return (const PGresult *)rows;
}

/* The value's bytes; empty for NULL. A row or column that is not there is a defect of
 * ours. */
static struct str value(const struct pg_rows *rows, int row, int col)
{
	const PGresult *r = result(rows);

	assert(row >= 0 && row < PQntuples(r) && col >= 0 && col < PQnfields(r));
	return str_span(PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col));
}

int pg_count(const struct pg_rows *rows)
{
	return PQntuples(result(rows));
}

bool pg_null(const struct pg_rows *rows, int row, int col)
{
	return PQgetisnull(result(rows), row, col);
}

struct str pg_text(const struct pg_rows *rows, int row, int col)
{
	return value(rows, row, col);
}

struct uuid pg_uuid(const struct pg_rows *rows, int row, int col)
{
	struct str v = value(rows, row, col);
	struct uuid u = { 0 };

	assert(v.len == 0 || v.len == sizeof u.b);
	memcpy(u.b, v.ptr, v.len);
	return u;
}

int64_t pg_i64(const struct pg_rows *rows, int row, int col)
{
	struct str v = value(rows, row, col);

	switch (v.len) {
	case 0:
		return 0;
	case 2:
		return (int16_t)((unsigned char)v.ptr[0] << 8 | (unsigned char)v.ptr[1]);
	case 4:
		return get_32(v.ptr);
	}
	assert(v.len == 8);
	return get_64(v.ptr);
}

bool pg_bool(const struct pg_rows *rows, int row, int col)
{
	struct str v = value(rows, row, col);

	assert(v.len <= 1);
	return v.len && v.ptr[0];
}

int64_t pg_time(const struct pg_rows *rows, int row, int col)
{
	struct str v = value(rows, row, col);

	if (v.len == 0)
		return 0;
	assert(v.len == 8);
	return get_64(v.ptr) + EPOCH_2000_US;
}
