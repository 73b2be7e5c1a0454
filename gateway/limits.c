#include "limits.h"

#include <stdlib.h>

#include "base/id.h"
#include "base/map.h"
#include "http/reply.h"

#define SETS      8192
#define WAYS      4
#define WINDOW_S  60
#define WINDOW_US (WINDOW_S * 1000000ull)

/* A caller under one policy: when it will have used nothing any more, seen from now. */
struct limit_cell {
	uint64_t hash; /* of policy and caller */
	uint64_t free_us;
};

void limits_init(struct limits *l)
{
	l->cells = calloc(SETS * WAYS, sizeof *l->cells); /* untouched pages cost nothing */
	if (!l->cells)
		abort();
	random_bytes(l->seed, sizeof l->seed);
}

void limits_fini(struct limits *l)
{
	free(l->cells);
	l->cells = NULL;
}

static uint64_t hash_of(
	const struct limits *l, enum limit_class class, enum limit_by by, struct str caller)
{
	char key[32];
	size_t len = caller.len < sizeof key - 2 ? caller.len : sizeof key - 2;

	key[0] = (char)class;
	key[1] = (char)by;
	memcpy(key + 2, caller.ptr, len);
	return siphash(l->seed, str_span(key, len + 2));
}

/* The caller's cell; a new one takes the place of the one in its set that is free first. */
static struct limit_cell *find_cell(struct limits *l, uint64_t hash)
{
	struct limit_cell *set = l->cells + hash % SETS * WAYS, *place = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].free_us < place->free_us)
			place = &set[i];
	}
	*place = (struct limit_cell){ .hash = hash };
	return place;
}

struct limit_verdict limits_take(struct limits *l, enum limit_class class, enum limit_by by,
	struct str caller, uint64_t now_us)
{
	int64_t quota = l->per_minute[class][by];
	struct limit_verdict v = {
		.allowed = true, .class = class, .by = by, .quota = quota
	};
	uint64_t each_us, after_us;
	struct limit_cell *cell;

	if (quota <= 0)
		return v;
	each_us = WINDOW_US / (uint64_t)quota;
	if (each_us == 0)
		each_us = 1;
	cell = find_cell(l, hash_of(l, class, by, caller));
	if (cell->free_us < now_us)
		cell->free_us = now_us;
	after_us = cell->free_us + each_us;
	v.allowed = after_us <= now_us + WINDOW_US;
	if (v.allowed)
		cell->free_us = after_us;
	else
		v.wait_s = (int64_t)((after_us - now_us - WINDOW_US + 999999) / 1000000);
	v.remaining = (int64_t)((now_us + WINDOW_US - cell->free_us) / each_us);
	return v;
}

/* ---- the answer ---- */

static struct str policy_name(struct task *t, const struct limit_verdict *v)
{
	static const char *const classes[] = { "none", "auth", "read", "write", "message",
		"hook" };

	return arena_fmt(&t->arena, "%s-per-%s", classes[v->class],
		v->by == LIMIT_BY_USER ? "user" : "address");
}

outcome_t limits_refuse(struct task *t, const struct limit_verdict *v)
{
	struct str name = policy_name(t, v);
	struct json_writer *w = reply_body(t);

	reply_header(
		t, STR("Retry-After"), arena_fmt(&t->arena, "%lld", (long long)v->wait_s));
	reply_header(t, STR("RateLimit-Policy"),
		arena_fmt(&t->arena, "\"%.*s\";q=%lld;w=%d", STR_ARG(name),
			(long long)v->quota, WINDOW_S));
	reply_header(t, STR("RateLimit"),
		arena_fmt(&t->arena, "\"%.*s\";r=%lld;t=%lld", STR_ARG(name),
			(long long)v->remaining, (long long)v->wait_s));
	json_object(w, NULL);
	json_put_z(w, "type",
		"https://iana.org/assignments/http-problem-types#quota-exceeded");
	json_put_z(w, "title",
		"Request cannot be satisfied as assigned quota has been exceeded");
	json_put_i64(w, "status", 429);
	json_put_z(w, "code", "rate_limited");
	json_put_str(w, "detail",
		arena_fmt(&t->arena, "Too many requests; try again in %lld s",
			(long long)v->wait_s));
	json_put_z(w, "request_id", t->log.request_id);
	json_array(w, "violated-policies");
	json_put_str(w, NULL, name);
	json_end(w);
	json_end(w);
	return reply_bytes(t, 429, STR("application/problem+json"), buf_str(w->out));
}
