// covers: libs/common/http/path.c
// needs: tests/lib/http_feed.c
/* Paths: what is normalised is what RFC 3986 says by a simpler, slower reader, is safe to
 * compare, and does not change when it is normalised again; and however a request's bytes
 * are cut, it is for that path, or refused. The first byte says how to cut. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/http_feed.h"

#define SEGMENTS_MAX 512

static bool holds(struct str s, const char *what)
{
	return memmem(s.ptr, s.len, what, strlen(what)) != NULL;
}

/* ---- another reader: decodes all of it, then looks at its segments ---- */

/* What may stand in a path after it was decoded, besides '%' and two digits. */
static bool is_plain(int c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"#%<>?[\\]^`{|}", c);
}

static bool is_unreserved(int c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? true
						      : c && strchr("0123456789-._~", c);
}

/* One byte as it is written once decoded; 0: none that a path may hold. */
static size_t decode(struct str raw, char out[4])
{
	char digits[3] = { 0 }, *end;
	long c;

	out[1] = '\0';
	out[0] = raw.ptr[0];
	if (raw.ptr[0] != '%')
		return is_plain((unsigned char)raw.ptr[0]) ? 1 : 0;
	if (raw.len < 3 || !memchr("0123456789abcdefABCDEF", raw.ptr[1], 22) ||
		!memchr("0123456789abcdefABCDEF", raw.ptr[2], 22))
		return 0;
	memcpy(digits, raw.ptr + 1, 2);
	c = strtol(digits, &end, 16);
	if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
		return 0;
	if (is_unreserved((int)c))
		out[0] = (char)c;
	else
		snprintf(out, 4, "%%%02X", (unsigned char)c);
	return 3;
}

/* The decoded text of a path; false if it has a byte that it must not have. */
static bool decode_all(struct str raw, struct buf *out)
{
	char byte[4];
	size_t used;

	for (; raw.len; raw = str_from(raw, used)) {
		used = decode(raw, byte);
		if (used == 0)
			return false;
		buf_add_str(out, str_of(byte));
	}
	return true;
}

/* True if *out is the path without its dot segments; an empty segment is none. */
static bool resolve(struct str path, struct buf *out)
{
	struct str stack[SEGMENTS_MAX], segment;
	size_t n = 0;
	bool folder = false;

	path = str_from(path, 1);
	while (str_cut(&path, '/', &segment)) {
		bool last = !path.ptr;

		if (segment.len == 0 && !last)
			return false;
		folder = segment.len == 0 || str_eq(segment, STR(".")) ||
			 str_eq(segment, STR(".."));
		if (str_eq(segment, STR("..")))
			n -= n > 0;
		else if (!folder)
			stack[n++] = segment;
	}
	for (size_t i = 0; i < n; i++) {
		buf_add_char(out, '/');
		buf_add_str(out, stack[i]);
	}
	if (folder || n == 0)
		buf_add_char(out, '/');
	return true;
}

static bool by_segments(struct str raw, struct buf *out)
{
	struct buf decoded = { 0 };
	bool good = raw.len && raw.ptr[0] == '/' && decode_all(raw, &decoded) &&
		    resolve(buf_str(&decoded), out);

	buf_fini(&decoded);
	return good;
}

/* ---- what must be true ---- */

static void check_safe(struct str path)
{
	assert(path.len && path.ptr[0] == '/' && !memchr(path.ptr, '\0', path.len));
	assert(!holds(path, "//") && !holds(path, "/../") && !holds(path, "/./"));
	assert(!str_ends(path, STR("/..")) && !str_ends(path, STR("/.")));
	assert(!holds(path, "\\") && !holds(path, "%2F") && !holds(path, "%5C"));
}

/* raw, normalised, into *out (of raw.len bytes); false: refused. */
static bool normalise(struct str raw, struct buf *out)
{
	struct buf other = { 0 };
	char *once = malloc(raw.len), *twice = malloc(raw.len);
	size_t n = 0, m = 0;
	bool good = http_path_normalise(raw, once, &n);

	assert(good == by_segments(raw, &other));
	if (good) {
		assert(n <= raw.len && str_eq(str_span(once, n), buf_str(&other)));
		check_safe(str_span(once, n));
		assert(http_path_normalise(str_span(once, n), twice, &m));
		assert(str_eq(str_span(twice, m), str_span(once, n)));
		buf_add(out, once, n);
	}
	free(once);
	free(twice);
	buf_fini(&other);
	return good;
}

static void feed(struct http_feed *f, struct str target, size_t step)
{
	struct buf text = { 0 };
	struct str rest;

	buf_add_str(&text, STR("GET "));
	buf_add_str(&text, target);
	buf_add_str(&text, STR(" HTTP/1.1\r\nHost: a\r\n\r\n"));
	http_feed_init(f, 0);
	for (rest = buf_str(&text); rest.len; rest = str_from(rest, step))
		http_feed_bytes(f, str_span(rest.ptr, step < rest.len ? step : rest.len));
	buf_fini(&text);
}

/* A query, or bytes that end the target, make it another one. */
static bool is_one_path(struct str target)
{
	return target.ptr[0] == '/' && !memchr(target.ptr, '?', target.len) &&
	       !memchr(target.ptr, '\r', target.len);
}

static void check_request(struct str target, size_t step)
{
	struct http_feed whole, parts;
	struct buf want = { 0 };
	bool good;

	feed(&whole, target, SIZE_MAX);
	feed(&parts, target, step);
	assert(str_eq(http_feed_end(&whole), http_feed_end(&parts)));
	buf_add_str(&want, STR("GET "));
	good = normalise(target, &want);
	buf_add_str(&want, STR(" ? host=a\nHost=a\nbody=\n"));
	if (good)
		assert(str_eq(http_feed_end(&whole), buf_str(&want)));
	else if (is_one_path(target))
		assert(whole.refused == 400 && whole.whole == 0);
	buf_fini(&want);
	http_feed_fini(&whole);
	http_feed_fini(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > SEGMENTS_MAX)
		return 0;
	check_request(str_span((const char *)data + 1, size - 1), 1 + data[0] % 40);
	return 0;
}
