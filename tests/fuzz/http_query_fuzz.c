// covers: libs/common/http/query.c
// needs: tests/lib/http_feed.c
/* Queries: one goes on as it came or its request is refused, however the bytes are cut; a
 * parameter is found exactly if a simpler reader finds it once; and its value, encoded, is
 * read as the same. The first byte says how to cut. */
#include <assert.h>

#include "base/utf8.h"
#include "http/octet.h"
#include "tests/lib/http_feed.h"

static void feed(struct http_feed *f, struct str query, size_t step)
{
	struct buf text = { 0 };
	struct str rest;

	buf_add_str(&text, STR("GET /?"));
	buf_add_str(&text, query);
	buf_add_str(&text, STR(" HTTP/1.1\r\nHost: a\r\n\r\n"));
	http_feed_init(f, 0);
	for (rest = buf_str(&text); rest.len; rest = str_from(rest, step))
		http_feed_bytes(f, str_span(rest.ptr, step < rest.len ? step : rest.len));
	buf_fini(&text);
}

/* True if the query is one that requests may have. */
static bool passes(struct str query, size_t step)
{
	struct http_feed whole, parts;
	struct buf want = { 0 };
	bool good;

	feed(&whole, query, SIZE_MAX);
	feed(&parts, query, step);
	assert(str_eq(http_feed_end(&whole), http_feed_end(&parts)));
	buf_add_str(&want, STR("GET / ?"));
	buf_add_str(&want, query);
	buf_add_str(&want, STR(" host=a\nHost=a\nbody=\n"));
	good = !whole.refused && str_eq(http_feed_end(&whole), buf_str(&want));
	assert(good || whole.refused || memchr(query.ptr, '\r', query.len));
	buf_fini(&want);
	http_feed_fini(&whole);
	http_feed_fini(&parts);
	return good;
}

/* ---- another reader ---- */

static bool decode(struct str s, struct buf *out)
{
	int byte;

	for (; s.len; s = str_from(s, s.ptr[0] == '%' ? 3 : 1)) {
		byte = s.ptr[0] == '%' ? octet_percent(s) : (unsigned char)s.ptr[0];
		if (byte <= 0)
			return false;
		buf_add_char(out, (char)(s.ptr[0] == '+' ? ' ' : byte));
	}
	return utf8_valid(buf_str(out));
}

/* How often `name` is given; -1 if a name cannot be read. *value is the last one. */
static int times_given(struct str query, struct str name, struct str *value)
{
	struct str part;
	int times = 0;
	bool bad = false;

	while (str_cut(&query, '&', &part)) {
		struct buf key = { 0 };
		size_t eq = str_find(part, '=');

		bad = !decode(str_span(part.ptr, eq), &key) || bad;
		if (!bad && str_eq(buf_str(&key), name)) {
			times++;
			*value = str_from(part, eq + 1);
		}
		buf_fini(&key);
	}
	return bad ? -1 : times;
}

/* ---- what must be true ---- */

static void check_again(struct str name, struct str value, struct arena *a)
{
	struct buf query = { 0 };
	struct http_request r = { 0 };
	struct str again = STR_NONE;

	buf_add_str(&query, name);
	buf_add_char(&query, '=');
	for (size_t i = 0; i < value.len; i++)
		buf_addf(&query, "%%%02x", (unsigned char)value.ptr[i]);
	r.query = buf_str(&query);
	assert(http_query(&r, a, name, &again) && str_eq(again, value));
	buf_fini(&query);
}

static void check_parameter(const struct http_request *r, struct str name)
{
	struct str value = STR_NONE, raw = STR_NONE;
	struct buf want = { 0 };
	struct arena a;
	int times = times_given(r->query, name, &raw);
	bool good;

	arena_init(&a);
	good = http_query(r, &a, name, &value);
	assert(good == (times == 0 || (times == 1 && decode(raw, &want))));
	assert(!good || (value.ptr != NULL) == (times == 1));
	if (good && times == 1) {
		assert(str_eq(value, buf_str(&want)) && utf8_valid(value));
		assert(!value.len || !memchr(value.ptr, '\0', value.len));
		check_again(name, value, &a);
	}
	/* What the gateway lets through names nothing twice, and names can be read. */
	if (http_query_is_plain(r, &a))
		assert(times == 0 || times == 1);
	/* Who is let in for a ticket must have brought one, or be refused for it. */
	if (http_brings_ticket(r) && str_eq(name, STR("ticket")))
		assert(!good || value.ptr);
	arena_fini(&a);
	buf_fini(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request r = { 0 };

	if (size < 2 || size > 4096)
		return 0;
	r.query = str_span((const char *)data + 1, size - 1);
	if (!passes(r.query, 1 + data[0] % 40))
		return 0;
	check_parameter(&r, STR("a"));
	check_parameter(&r, STR("limit"));
	check_parameter(&r, STR("ticket"));
	return 0;
}
