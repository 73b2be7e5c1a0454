/*
 * write - JSON text into a buf. Commas and quoting are the writer's business.
 *
 * Use:  struct json_writer w = json_writer(&buf);
 *       json_object(&w, NULL); json_put_str(&w, "a", s); json_end(&w);
 * `key` is NULL inside arrays and for the outermost value. Strings must be valid UTF-8;
 * control characters, quotes and backslashes are escaped. At most 64 levels.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "base/buf.h"
#include "base/id.h"

struct json_writer {
	struct buf *out;
	unsigned depth;
	uint64_t is_array; /* a bit per open level */
	bool first;        /* nothing written on this level yet */
};

struct json_writer json_writer(struct buf *out);
void json_object(struct json_writer *w, const char *key);
void json_array(struct json_writer *w, const char *key);
void json_end(struct json_writer *w); /* of the innermost object or array */

void json_put_str(struct json_writer *w, const char *key, struct str s);
void json_put_z(struct json_writer *w, const char *key, const char *s); /* NULL: null */
void json_put_i64(struct json_writer *w, const char *key, int64_t n);
void json_put_bool(struct json_writer *w, const char *key, bool b);
void json_put_null(struct json_writer *w, const char *key);
void json_put_uuid(struct json_writer *w, const char *key, const struct uuid *u);
void json_put_time(struct json_writer *w, const char *key, int64_t wall_us); /* RFC 3339 */
void json_put_raw(
	struct json_writer *w, const char *key, struct str json); /* JSON already */

/* The inside of a JSON string, escaped, without quotes. */
void json_escape(struct buf *out, struct str s);

#endif
