/*
 * limits - how many requests one client address, and one user, may make.
 *
 * Per class of route and kind of caller there is one policy: so many requests a minute,
 * all of which may come at once (GCRA: one time stamp per caller). A policy of 0 is off.
 * The counting behind limits_take is this process's own: where several gateways shall
 * count together, it is what gets replaced.
 *
 * Use:   limits_init; limits_take per request and caller; limits_refuse when it said no.
 * Owns:  a table of fixed size; a caller that is not in it starts afresh, and the one
 *        that was quiet for longest makes room.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include "app/task.h"

enum limit_class {
	LIMIT_NONE,
	LIMIT_AUTH, /* codes, tokens, passwords */
	LIMIT_READ,
	LIMIT_WRITE,
	LIMIT_MESSAGE, /* what makes the model work */
	LIMIT_HOOK,
	LIMIT_CLASSES,
};

enum limit_by { LIMIT_BY_ADDRESS, LIMIT_BY_USER, LIMIT_KINDS };

struct limit_cell;

struct limits {
	int64_t per_minute[LIMIT_CLASSES][LIMIT_KINDS]; /* settings; 0: off */
	struct limit_cell *cells;
	uint64_t seed[2];
	uint64_t *refused; /* counter */
};

/* What limits_take found. */
struct limit_verdict {
	bool allowed;
	enum limit_class class;
	enum limit_by by;
	int64_t quota;     /* requests a minute */
	int64_t remaining; /* now */
	int64_t wait_s;    /* until one more is allowed; 0 when allowed */
};

void limits_init(struct limits *l);
void limits_fini(struct limits *l);

/* `caller` is an address (as 16 bytes) or a user id. now_us: clock_mono_us. */
struct limit_verdict limits_take(struct limits *l, enum limit_class class, enum limit_by by,
	struct str caller, uint64_t now_us);

/* 429 with Retry-After, RateLimit and RateLimit-Policy. */
outcome_t limits_refuse(struct task *t, const struct limit_verdict *v) MUST_USE;

#endif
