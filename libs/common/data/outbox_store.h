/*
 * outbox_store - the SQL of the tables outbox and outbox_head. From a task; see pg.h.
 */
#ifndef DATA_OUTBOX_STORE_H
#define DATA_OUTBOX_STORE_H

#include "data/event.h"

#define OUTBOX_PAGE 200

/* Rows in the order of seq, at most OUTBOX_PAGE, in the task's arena. */
struct outbox_page {
	struct envelope *rows;
	int count;
};
/* Those that are not marked as published; those after seq. */
outcome_t outbox_read_new(struct task *t, struct outbox_page *into, step_fn *next) MUST_USE;
outcome_t outbox_read_after(
	struct task *t, int64_t seq, struct outbox_page *into, step_fn *next) MUST_USE;
/* Redis has had all of them up to seq. */
outcome_t outbox_mark(struct task *t, int64_t seq, step_fn *next) MUST_USE;

/* Where a replay is to begin that asks for what comes after `after` and is no older than
 * since_s (0: of any age). */
struct outbox_place {
	int64_t seq;   /* of the newest fact */
	int64_t floor; /* facts up to this one are not kept any more */
	int64_t after;
};
outcome_t outbox_find_place(struct task *t, int64_t after, int64_t since_s,
	struct outbox_place *into, step_fn *next) MUST_USE;

/* Some of the facts that are older than 30 days. */
outcome_t outbox_purge(struct task *t, step_fn *next) MUST_USE;

#endif
