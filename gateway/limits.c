#include "limits.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "base/id.h"
#include "base/map.h"

#define SETS  8192
#define WAYS  4
#define CELLS (SETS * WAYS)

/* clang-format off */
static const struct {
	const char *name;
	bool exact; /* each request is asked for; closed without Redis */
} rules[LIMIT_CLASSES] = {
	[LIMIT_NONE]    = { "none",    false },
	[LIMIT_AUTH]    = { "auth",    true },
	[LIMIT_SESSION] = { "session", false },
	[LIMIT_READ]    = { "read",    false },
	[LIMIT_WRITE]   = { "write",   false },
	[LIMIT_MESSAGE] = { "message", false },
	[LIMIT_HOOK]    = { "hook",    false },
};
/* clang-format on */

const char *limits_class_name(enum limit_class class)
{
	return rules[class].name;
}

bool limits_is_exact(enum limit_class class)
{
	return rules[class].exact;
}

static void name_policies(struct limits *l)
{
	for (int class = 0; class < LIMIT_CLASSES; class ++) {
		for (int by = 0; by < LIMIT_KINDS; by++)
			snprintf(l->policy[class][by], sizeof l->policy[class][by],
				"\"%s-per-%s\";q=%lld;w=%d", rules[class].name,
				by == LIMIT_BY_USER ? "user" : "address",
				(long long)l->per_minute[class][by], LIMIT_WINDOW_S);
	}
}

void limits_init(struct limits *l)
{
	l->cells = calloc(CELLS, sizeof *l->cells); /* untouched pages cost nothing */
	l->dirty = malloc(CELLS * sizeof *l->dirty);
	if (!l->cells || !l->dirty)
		abort();
	random_bytes(l->seed, sizeof l->seed);
	name_policies(l);
}

void limits_fini(struct limits *l)
{
	free(l->cells);
	free(l->dirty);
	l->cells = NULL;
	l->dirty = NULL;
}

struct limit_caller limit_caller(enum limit_class class, enum limit_by by, struct str bytes)
{
	struct limit_caller c = { .class = (uint8_t) class, .by = (uint8_t)by };

	c.len = (uint8_t)(bytes.len < sizeof c.bytes ? bytes.len : sizeof c.bytes);
	memcpy(c.bytes, bytes.ptr, c.len);
	return c;
}

static uint64_t hash_of(const struct limits *l, const struct limit_caller *c)
{
	return siphash(l->seed, str_span((const char *)c, sizeof *c));
}

static int64_t quota_of(const struct limits *l, const struct limit_caller *c)
{
	return l->per_minute[c->class][c->by];
}

uint64_t limits_each_us(const struct limits *l, const struct limit_caller *c)
{
	uint64_t each_us = LIMIT_WINDOW_US / (uint64_t)quota_of(l, c);

	return each_us ? each_us : 1;
}

int64_t limits_slice(int64_t quota)
{
	return quota / 20 > 0 ? quota / 20 : 1;
}

/* ---- the table ---- */

static struct limit_cell *peek_cell(struct limits *l, uint64_t hash)
{
	struct limit_cell *set = l->cells + hash % SETS * WAYS;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
	}
	return NULL;
}

/* The one in its set that is free first makes room, rather one with nothing to tell. */
static struct limit_cell *make_room(struct limits *l, uint64_t hash)
{
	struct limit_cell *set = l->cells + hash % SETS * WAYS, *place = set;

	for (int i = 1; i < WAYS; i++) {
		bool later = set[i].free_us >= place->free_us;

		if (set[i].is_dirty != place->is_dirty ? place->is_dirty : !later)
			place = &set[i];
	}
	return place;
}

static struct limit_cell *find_cell(struct limits *l, const struct limit_caller *c)
{
	uint64_t hash = hash_of(l, c);
	struct limit_cell *cell = peek_cell(l, hash);

	if (cell)
		return cell;
	cell = make_room(l, hash);
	*cell = (struct limit_cell){
		.hash = hash, .caller = *c, .is_dirty = cell->is_dirty
	};
	return cell;
}

/* ---- counting ---- */

void limits_describe(const struct limits *l, struct limit_verdict *v, uint64_t ahead_us)
{
	uint64_t each_us = limits_each_us(l, &v->caller), left_us, wait_us;

	left_us = ahead_us < LIMIT_WINDOW_US ? LIMIT_WINDOW_US - ahead_us : 0;
	v->remaining = (int64_t)(left_us / each_us);
	wait_us = left_us ? each_us - left_us % each_us
			  : ahead_us + each_us - LIMIT_WINDOW_US;
	v->wait_s = (int64_t)((wait_us + 999999) / 1000000);
}

static void note(struct limits *l, struct limit_cell *cell, int64_t quota)
{
	cell->pending++;
	if (!cell->is_dirty)
		l->dirty[l->dirties++] = (uint32_t)(cell - l->cells);
	cell->is_dirty = true;
	if (l->app && 2 * cell->pending >= limits_slice(quota))
		loop_defer(&l->app->loop, &l->full);
}

struct limit_verdict limits_take(
	struct limits *l, const struct limit_caller *c, uint64_t now_us)
{
	int64_t quota = quota_of(l, c);
	struct limit_verdict v = { .allowed = true, .caller = *c, .quota = quota };
	struct limit_cell *cell;
	uint64_t after_us;

	if (quota <= 0)
		return v;
	v.counted = true;
	cell = find_cell(l, c);
	if (cell->free_us < now_us)
		cell->free_us = now_us;
	after_us = cell->free_us + limits_each_us(l, c);
	v.closed = rules[c->class].exact && !l->shared;
	v.allowed = !v.closed && after_us <= now_us + LIMIT_WINDOW_US;
	v.ask = v.allowed && l->shared &&
		(rules[c->class].exact ||
			cell->pending + cell->sent >= limits_slice(quota));
	if (v.allowed && !v.ask) {
		cell->free_us = after_us;
		if (l->shared)
			note(l, cell, quota);
	}
	limits_describe(l, &v, cell->free_us - now_us);
	return v;
}

void limits_untold(struct limits *l, const struct limit_caller *c, uint32_t told)
{
	struct limit_cell *cell = peek_cell(l, hash_of(l, c));

	if (cell)
		cell->sent -= told < cell->sent ? told : cell->sent;
}

void limits_learn(struct limits *l, const struct limit_caller *c, uint32_t told,
	uint64_t ahead_us, uint64_t now_us)
{
	struct limit_cell *cell = find_cell(l, c);

	cell->sent -= told < cell->sent ? told : cell->sent;
	cell->free_us = now_us + ahead_us +
			(cell->pending + cell->sent) * limits_each_us(l, c);
}
