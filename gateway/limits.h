/*
 * limits - how many requests one client address, and one user, may make.
 *
 * Per class of route and kind of caller there is one policy: so many requests a minute,
 * all of which may come at once (GCRA: one time stamp per caller). A policy of 0 is off.
 *
 * All gateways count together in Redis, without asking for each request: what a process
 * has let through is told in the background (limits_shared.c), and the answer says what
 * all of them have. Until then a process is ahead of the others by at most its slice, a
 * twentieth of the quota (at least one request); a caller who has used up the slice waits
 * for Redis's word, and so does everyone in classes that are exact. What was let through
 * in excess is paid back: over time the quota holds exactly.
 *
 * Without Redis, or when it has been silent for a quarter of a second, each process counts
 * for itself; classes that are exact are closed (503).
 *
 * Use:   limits_open; limits_take per request and caller; when it says `ask`, limits_ask;
 *        then limits_tell, or limits_refuse.
 * Owns:  a table of fixed size; a caller that is not in it starts afresh, and the one
 *        that was quiet for longest makes room.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include "app/task.h"

enum limit_class {
	LIMIT_NONE,
	LIMIT_AUTH,    /* codes, logins, passwords */
	LIMIT_SESSION, /* refresh and logout */
	LIMIT_READ,
	LIMIT_WRITE,
	LIMIT_MESSAGE, /* what makes the model work */
	LIMIT_HOOK,
	LIMIT_CLASSES,
};

enum limit_by { LIMIT_BY_ADDRESS, LIMIT_BY_USER, LIMIT_KINDS };

#define LIMIT_WINDOW_S  60
#define LIMIT_WINDOW_US (LIMIT_WINDOW_S * 1000000ull)

/* Who is counted under which policy. */
struct limit_caller {
	uint8_t class, by, len;
	uint8_t bytes[16]; /* an address (IPv6: its first 8), a user's id */
};

/* A caller under one policy. */
struct limit_cell {
	uint64_t hash;    /* of the caller */
	uint64_t free_us; /* when nothing will be used any more, seen from now */
	uint32_t pending; /* let through and not told yet */
	uint32_t sent;    /* told, without an answer yet */
	bool is_dirty;    /* in limits.dirty */
	struct limit_caller caller;
};

struct limits {
	int64_t per_minute[LIMIT_CLASSES][LIMIT_KINDS]; /* settings; 0: off */
	bool x_fields; /* setting: answers have X-RateLimit-* as well */
	struct app *app;
	struct limit_cell *cells;
	uint64_t seed[2];
	bool shared;     /* Redis can be asked: set before limits_take */
	uint32_t *dirty; /* cells with something pending */
	unsigned dirties;
	struct loop_hook full; /* someone's slice is half used up: tells at once */
	struct timer tick;     /* tells the rest */
	struct list asks;      /* requests that wait for Redis's word */
	struct timer patience; /* they do not wait for long */
	unsigned awaited;      /* answers of Redis */
	uint64_t heard_us;     /* the last one, or when nothing was awaited before */
	uint64_t *refused;     /* counter */
	char policy[LIMIT_CLASSES][LIMIT_KINDS][64]; /* RateLimit-Policy items */
};

/* What limits_take found. */
struct limit_verdict {
	bool allowed;
	bool ask;     /* Redis must say: nothing is taken yet */
	bool closed;  /* it must, and cannot */
	bool counted; /* there is a policy */
	struct limit_caller caller;
	int64_t quota;     /* requests a minute */
	int64_t remaining; /* now */
	int64_t wait_s;    /* until one more is allowed */
};

/* ---- limits.c: the rules, without I/O ---- */

void limits_init(struct limits *l);
void limits_fini(struct limits *l);
struct limit_caller limit_caller(
	enum limit_class class, enum limit_by by, struct str bytes);
/* now_us: clock_mono_us. */
struct limit_verdict limits_take(
	struct limits *l, const struct limit_caller *caller, uint64_t now_us);
/* Time for one request, and how many a process may be ahead of the others. */
uint64_t limits_each_us(const struct limits *l, const struct limit_caller *caller);
int64_t limits_slice(int64_t quota);
/* Redis said that all gateways together have used up the caller's next ahead_us, among
 * them `told` requests of ours. */
void limits_learn(struct limits *l, const struct limit_caller *caller, uint32_t told,
	uint64_t ahead_us, uint64_t now_us);
/* The same after no answer came. */
void limits_untold(struct limits *l, const struct limit_caller *caller, uint32_t told);
/* How a verdict reads when the caller is ahead by so much. */
void limits_describe(const struct limits *l, struct limit_verdict *v, uint64_t ahead_us);
const char *limits_class_name(enum limit_class class);
bool limits_is_exact(enum limit_class class);

/* ---- limits_shared.c: Redis ---- */

/* per_minute and refused are set before. */
void limits_open(struct limits *l, struct app *app);
/* Tells what is left; the memory of l stays until Redis is closed, too. */
void limits_close(struct limits *l);
/* Redis can be asked, and answers. */
bool limits_are_shared(const struct limits *l, uint64_t now_us);
/* Asks Redis for one request of v->caller; `next` has to limits_decide with what came. */
outcome_t limits_ask(
	struct task *t, struct limits *l, struct limit_verdict *v, step_fn *next) MUST_USE;
void limits_decide(struct limits *l, struct limit_verdict *v, enum err e);

/* ---- limits_reply.c ---- */

/* RateLimit and RateLimit-Policy of the coming answer; n verdicts, also those that say
 * nothing: uncounted, not asked yet, closed. */
void limits_tell(
	struct task *t, const struct limits *l, const struct limit_verdict *v, size_t n);
/* 429 with Retry-After; 503 when closed. */
outcome_t limits_refuse(
	struct task *t, const struct limits *l, const struct limit_verdict *v) MUST_USE;

#endif
