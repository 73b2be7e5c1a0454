/*
 * work - a bounded pool of threads for what is slow to compute (password hashing), apart
 * from libuv's own pool, which DNS needs.
 *
 * Use:   work_open; work_submit from the loop; `done` runs on the loop. work_close(cb) at
 * drain. Fails: ERR_BUSY when the queue is full.
 */
#ifndef APP_WORK_H
#define APP_WORK_H

#include "app/loop.h"
#include "base/err.h"

struct work;

struct work_item {
	void (*run)(struct work_item *item);  /* on a thread of the pool */
	void (*done)(struct work_item *item); /* on the loop */
	struct list link;                     /* private */
};

struct work *work_open(struct loop *loop, unsigned threads, unsigned queue_max);
enum err work_submit(struct work *w, struct work_item *item)
	__attribute__((warn_unused_result));
/* What was submitted is finished first; then cb(ctx), on the loop. */
void work_close(struct work **w, void (*cb)(void *ctx), void *ctx);

#endif
