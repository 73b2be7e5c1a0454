#include "json/write.h"

#include <assert.h>

#include "base/clock.h"

#define DEPTH_MAX 64 /* bits in is_array */

struct json_writer json_writer(struct buf *out)
{
	return (struct json_writer){ .out = out, .first = true };
}

static bool must_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

static void escape_char(struct buf *out, unsigned char c)
{
	static const char letter[0x20] = {
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
	};
	static const char digits[] = "0123456789abcdef";

	buf_add_char(out, '\\');
	if (c >= 0x20) {
		buf_add_char(out, (char)c);
	} else if (letter[c]) {
		buf_add_char(out, letter[c]);
	} else {
		const char code[5] = { 'u', '0', '0', digits[c >> 4], digits[c & 15] };

		buf_add(out, code, sizeof code);
	}
}

void json_escape(struct buf *out, struct str s)
{
	size_t done = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!must_escape((unsigned char)s.ptr[i]))
			continue;
		buf_add(out, s.ptr + done, i - done);
		escape_char(out, (unsigned char)s.ptr[i]);
		done = i + 1;
	}
	if (done < s.len)
		buf_add(out, s.ptr + done, s.len - done);
}

static void quoted(struct buf *out, struct str s)
{
	buf_reserve(out, s.len + 2);
	buf_add_char(out, '"');
	json_escape(out, s);
	buf_add_char(out, '"');
}

/* Comma and key before a value. */
static void begin(struct json_writer *w, const char *key)
{
	bool in_object = w->depth > 0 && !(w->is_array >> (w->depth - 1) & 1);

	assert(in_object == (key != NULL));
	if (!w->first)
		buf_add_char(w->out, ',');
	w->first = false;
	if (key) {
		quoted(w->out, str_of(key));
		buf_add_char(w->out, ':');
	}
}

static void open_level(struct json_writer *w, const char *key, bool is_array)
{
	assert(w->depth < DEPTH_MAX);
	begin(w, key);
	buf_add_char(w->out, is_array ? '[' : '{');
	uint64_t bit = (uint64_t)1 << w->depth++;

	w->is_array = is_array ? w->is_array | bit : w->is_array & ~bit;
	w->first = true;
}

void json_object(struct json_writer *w, const char *key)
{
	open_level(w, key, false);
}

void json_array(struct json_writer *w, const char *key)
{
	open_level(w, key, true);
}

void json_end(struct json_writer *w)
{
	assert(w->depth > 0);
	w->depth--;
	buf_add_char(w->out, w->is_array >> w->depth & 1 ? ']' : '}');
	w->first = false;
}

void json_put_str(struct json_writer *w, const char *key, struct str s)
{
	begin(w, key);
	quoted(w->out, s);
}

void json_put_z(struct json_writer *w, const char *key, const char *s)
{
	if (s)
		json_put_str(w, key, str_of(s));
	else
		json_put_null(w, key);
}

void json_put_i64(struct json_writer *w, const char *key, int64_t n)
{
	begin(w, key);
	buf_add_i64(w->out, n);
}

void json_put_bool(struct json_writer *w, const char *key, bool b)
{
	json_put_raw(w, key, b ? STR("true") : STR("false"));
}

void json_put_null(struct json_writer *w, const char *key)
{
	json_put_raw(w, key, STR("null"));
}

void json_put_uuid(struct json_writer *w, const char *key, const struct uuid *u)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(u, text);
	json_put_z(w, key, text);
}

void json_put_time(struct json_writer *w, const char *key, int64_t wall_us)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(wall_us, text);
	json_put_z(w, key, text);
}

void json_put_raw(struct json_writer *w, const char *key, struct str json)
{
	begin(w, key);
	buf_add_str(w->out, json);
}
