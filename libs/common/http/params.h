/*
 * params - the JSON body of a request read into typed places, by a list in the code:
 *
 *	if (!params_read(t, P_STR("mobile", &l->mobile, 4, 20), P_OPT_STR("name", &l->name,
 *0, 120))) return reply_invalid(t);
 *
 * Unknown members, missing ones, wrong types, sizes out of range and broken JSON are each
 * named by pointer in one answer. A body that is not application/json answers 415
 *(reply_invalid knows). Text is valid UTF-8 without NUL; its length is counted in code
 *points.
 */
#ifndef HTTP_PARAMS_H
#define HTTP_PARAMS_H

#include "app/task.h"
#include "json/read.h"

struct param {
	const char *name;
	enum { PARAM_STR, PARAM_INT, PARAM_BOOL, PARAM_UUID, PARAM_OBJECT } kind;
	bool optional; /* an absent (or null) member leaves the place as it is */
	void *into;    /* struct str, int64_t, bool, struct uuid or const struct json * */
	int64_t min, max;
};

#define P_STR(name, into, min, max)                                                        \
	((struct param){ (name), PARAM_STR, false, (into), (min), (max) })
#define P_OPT_STR(name, into, min, max)                                                    \
	((struct param){ (name), PARAM_STR, true, (into), (min), (max) })
#define P_INT(name, into, min, max)                                                        \
	((struct param){ (name), PARAM_INT, false, (into), (min), (max) })
#define P_OPT_INT(name, into, min, max)                                                    \
	((struct param){ (name), PARAM_INT, true, (into), (min), (max) })
#define P_OPT_BOOL(name, into) ((struct param){ (name), PARAM_BOOL, true, (into), 0, 0 })
#define P_UUID(name, into)     ((struct param){ (name), PARAM_UUID, false, (into), 0, 0 })
#define P_OPT_UUID(name, into) ((struct param){ (name), PARAM_UUID, true, (into), 0, 0 })

#define params_read(t, ...)                                                                \
	params_read_all((t), (const struct param[]){ __VA_ARGS__ },                        \
		sizeof((const struct param[]){ __VA_ARGS__ }) / sizeof(struct param))
bool params_read_all(struct task *t, const struct param *list, size_t n) MUST_USE;

/* A path segment that must be a UUID: false (answer 404) if it is none. */
bool params_path_uuid(const struct task *t, int index, struct uuid *out) MUST_USE;

/* Integer query parameter with default; false after adding to reply_invalid's list. */
bool params_query_int(struct task *t, const char *name, int64_t dflt, int64_t min,
	int64_t max, int64_t *out) MUST_USE;

#endif
