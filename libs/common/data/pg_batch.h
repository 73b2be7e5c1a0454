/*
 * pg_batch - many small writes of one kind as one set-based statement, an outcome per row.
 *
 * Items that come in the same turn, or while an earlier batch is being committed, travel
 * together: arrays in, one row per item out, its first column the item's number (int4, from
 * 0). When the statement as a whole is refused (not when the link is lost), its items are
 * sent again in ever smaller groups, so that one bad item fails alone.
 *
 * Use:   embed struct pg_batch_item in the operation; pg_batch_add; done is called once.
 * Fails: as pg does; an item for which no row came back gets ERR_NOT_FOUND.
 */
#ifndef DATA_PG_BATCH_H
#define DATA_PG_BATCH_H

#include "data/pg.h"

struct pg_batch;

struct pg_batch_item {
	/* private */
	struct list link;
	unsigned group; /* at most so many may travel with it; 0: any number */
	/* The item's row, or rows == NULL and the error. From the loop, once. The item
	 * may be freed in it. */
	void (*done)(struct pg_batch_item *item, enum err e, const struct pg_rows *rows,
		int row);
};

struct pg_batch_kind {
	const struct pg_stmt *stmt;
	unsigned arrays; /* how many array parameters encode fills: $1..$n; at most 16 */
	enum pg_elem elem[16];
	/* Appends one item to each of the arrays. */
	void (*encode)(
		const struct pg_batch_item *item, struct pg_array *arrays, void *ctx);
	/* Further parameters after the arrays; may be NULL. */
	void (*extra)(struct pg_params *p, void *ctx);
	unsigned items_max;   /* per statement; 0: 500 */
	unsigned lanes;       /* statements in flight at once; 0: 2 */
	unsigned wait_max;    /* items that may wait; beyond it ERR_BUSY; 0: 20,000 */
	unsigned patience_ms; /* from the sending; 0: 10 s */
};

struct pg_batch *pg_batch_open(
	struct loop *loop, struct pg *pg, const struct pg_batch_kind *kind, void *ctx);
void pg_batch_add(struct pg_batch *b, struct pg_batch_item *item);
unsigned pg_batch_waiting(const struct pg_batch *b);
/* What waits or is in flight is told its end all the same; the memory goes after that. */
void pg_batch_free(struct pg_batch **b);

/* From a task: item is embedded in the use case's struct; its done calls task_wake. */

#endif
