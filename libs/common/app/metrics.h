/*
 * metrics - counters, gauges and histograms, rendered as Prometheus text (0.0.4).
 *
 * Use:  make them once at start and keep the pointer; then a count is one addition.
 * Labels are given as ready text ("route=\"/chatroom\",status=\"2xx\"") and must come from
 * a small closed set: never a user, room or phone number. Loop thread only.
 */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "base/buf.h"

struct metrics;
struct histogram;

struct metrics *metrics_new(void);
void metrics_free(struct metrics **m);

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
