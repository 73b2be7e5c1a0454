/*
 * metrics - counters, gauges and histograms, rendered as Prometheus text (0.0.4).
 *
 * Use:  make them once at start and keep the pointer; then a count is one addition.
 * Labels are given as ready text ("route=\"/chatroom\",status=\"2xx\"") and must come from
 * a small closed set: never a user, room or phone number. Loop thread only.
 *
 * Processes that share the work share an area: each counts in a slot of its own, whoever
 * is asked renders the sums of all. The area is made before the processes are forked, so
 * that it lies at the same address in each; nobody but its owner writes to a slot.
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "base/buf.h"

struct metrics;
struct histogram;

struct metrics *metrics_new(void);
void metrics_free(struct metrics **m);

struct metrics_area;

#define METRICS_SLOTS 256

struct metrics_area *metrics_area_new(void);
/* Counts in that slot, which is forgotten before; metrics_free leaves it. */
struct metrics *metrics_new_in(struct metrics_area *area, unsigned slot);
/* What the process of slot `from` counted goes to m; its slot may be used again. */
void metrics_inherit(struct metrics *m, unsigned from);
/* What is asked at every scrape is noted down for the other processes: now and then. */
void metrics_publish(struct metrics *m);

/* name and help must outlive the metrics; labels are copied (NULL or "": none). */
uint64_t *metrics_counter(
	struct metrics *m, const char *name, const char *help, const char *labels);
int64_t *metrics_gauge(
	struct metrics *m, const char *name, const char *help, const char *labels);
/* Asked at every scrape. */
void metrics_gauge_fn(struct metrics *m, const char *name, const char *help,
	const char *labels, double (*read)(void *ctx), void *ctx);
/* Seconds; buckets 0.5 ms to 60 s. */
struct histogram *metrics_histogram(
	struct metrics *m, const char *name, const char *help, const char *labels);
void histogram_observe_us(struct histogram *h, uint64_t us);

void metrics_render(struct metrics *m, struct buf *out);

#endif
