/*
 * inbox_store - the SQL of the table inbox_cursor. From a task; see pg.h.
 */
#ifndef DATA_INBOX_STORE_H
#define DATA_INBOX_STORE_H

#include "app/task.h"

/* How far the facts of `source` were applied; 0: none yet. */
outcome_t inbox_find_place(
	struct task *t, const char *source, int64_t *into, step_fn *next) MUST_USE;
/* Moves the place on, never back. */
outcome_t inbox_save_place(
	struct task *t, const char *source, int64_t seq, step_fn *next) MUST_USE;

#endif
