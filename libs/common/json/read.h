/*
 * read - JSON text into a small tree, by yajl's streaming parser and our own builder.
 *
 * yajl alone lets through what Postgres or other parsers do not (overlong UTF-8,
 * surrogates, duplicate keys, comments, unbounded depth); everything here is refused by
 * name instead. Refused: invalid UTF-8, BOM, NUL (also \u0000), lone surrogates, duplicate
 * keys, comments, NaN, trailing bytes, depth over 32, over 256 keys in one object, more
 * than one value.
 *
 * Owns: nothing; the tree lives in the arena.
 */
#ifndef JSON_READ_H
#define JSON_READ_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	bool truth;               /* JSON_BOOL */
	struct str text;          /* JSON_STRING: decoded; JSON_NUMBER: as written */
	struct str key;           /* when it is a member of an object */
	const struct json *first; /* JSON_ARRAY, JSON_OBJECT: children in order */
	const struct json *next;  /* the following sibling */
	size_t count;             /* number of children */
};

struct json_limits {
	unsigned depth;  /* 0: 32; at most 64 */
	unsigned keys;   /* per object; 0: 256 */
	unsigned values; /* in all; 0: 100,000 */
};

/* ERR_INVALID with *why (static text, or in the arena) when refused. limits may be NULL. */
enum err json_parse(struct arena *a, struct str text, const struct json_limits *limits,
	const struct json **out, const char **why) __attribute__((warn_unused_result));

/* All accept NULL and the wrong kind, and then find nothing. */
const struct json *json_get(const struct json *object, const char *key);
/* Dotted path; a number is an array index: "candidates.0.content.parts". */
const struct json *json_at(const struct json *j, const char *path);
struct str json_text(const struct json *j);        /* strings only; else ptr NULL */
bool json_i64(const struct json *j, int64_t *out); /* whole numbers in range only */
bool json_is_true(const struct json *j);
bool json_uuid(const struct json *j, struct uuid *out);

#endif
