#include "app/metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum kind { COUNTER, GAUGE, GAUGE_FN, HISTOGRAM };

/* Upper bounds in microseconds. */
static const uint64_t bounds_us[] = { 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000,
	200000, 500000, 1000000, 2000000, 5000000, 10000000, 30000000, 60000000 };
#define BOUNDS (sizeof bounds_us / sizeof *bounds_us)

struct histogram {
	uint64_t count[BOUNDS + 1];
	uint64_t sum_us;
};

struct metric {
	struct metric *next; /* same name stay together, in the order they were made */
	enum kind kind;
	const char *name, *help;
	char *labels;
	uint64_t counter;
	int64_t gauge;
	double (*read)(void *ctx);
	void *ctx;
	struct histogram histogram;
};

struct metrics {
	struct metric *first;
};

struct metrics *metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof *m);

	if (!m)
		abort();
	return m;
}

void metrics_free(struct metrics **m)
{
	struct metric *next;

	if (!*m)
		return;
	for (struct metric *one = (*m)->first; one; one = next) {
		next = one->next;
		free(one->labels);
		free(one);
	}
	free(*m);
	*m = NULL;
}

static struct metric *add(struct metrics *m, enum kind kind, const char *name,
	const char *help, const char *labels)
{
	struct metric *one = calloc(1, sizeof *one), **at, **place = NULL;

	if (!one)
		abort();
	one->kind = kind;
	one->name = name;
	one->help = help;
	one->labels = labels ? strdup(labels) : strdup("");
	if (!one->labels)
		abort();
	for (at = &m->first; *at; at = &(*at)->next) {
		if (!strcmp((*at)->name, name))
			place = &(*at)->next;
	}
	if (!place)
		place = at;
	one->next = *place;
	*place = one;
	return one;
}

uint64_t *metrics_counter(
	struct metrics *m, const char *name, const char *help, const char *labels)
{
	return &add(m, COUNTER, name, help, labels)->counter;
}

int64_t *metrics_gauge(
	struct metrics *m, const char *name, const char *help, const char *labels)
{
	return &add(m, GAUGE, name, help, labels)->gauge;
}

void metrics_gauge_fn(struct metrics *m, const char *name, const char *help,
	const char *labels, double (*read)(void *ctx), void *ctx)
{
	struct metric *one = add(m, GAUGE_FN, name, help, labels);

	one->read = read;
	one->ctx = ctx;
}

struct histogram *metrics_histogram(
	struct metrics *m, const char *name, const char *help, const char *labels)
{
	return &add(m, HISTOGRAM, name, help, labels)->histogram;
}

void histogram_observe_us(struct histogram *h, uint64_t us)
{
	size_t i = 0;

	while (i < BOUNDS && us > bounds_us[i])
		i++;
	h->count[i]++;
	h->sum_us += us;
}

static void sample(
	struct buf *out, const struct metric *one, const char *suffix, const char *extra)
{
	buf_addf(out, "%s%s", one->name, suffix);
	if (one->labels[0] || extra[0])
		buf_addf(out, "{%s%s%s}", one->labels,
			one->labels[0] && extra[0] ? "," : "", extra);
	buf_add_char(out, ' ');
}

static void render_histogram(const struct metric *one, struct buf *out)
{
	uint64_t total = 0;
	char le[40];

	for (size_t i = 0; i <= BOUNDS; i++) {
		total += one->histogram.count[i];
		if (i < BOUNDS)
			snprintf(le, sizeof le, "le=\"%g\"", (double)bounds_us[i] / 1e6);
		else
			snprintf(le, sizeof le, "le=\"+Inf\"");
		sample(out, one, "_bucket", le);
		buf_addf(out, "%llu\n", (unsigned long long)total);
	}
	sample(out, one, "_sum", "");
	buf_addf(out, "%.6f\n", (double)one->histogram.sum_us / 1e6);
	sample(out, one, "_count", "");
	buf_addf(out, "%llu\n", (unsigned long long)total);
}

static void render_one(const struct metric *one, struct buf *out)
{
	switch (one->kind) {
	case COUNTER:
		sample(out, one, "", "");
		buf_addf(out, "%llu\n", (unsigned long long)one->counter);
		break;
	case GAUGE:
		sample(out, one, "", "");
		buf_addf(out, "%lld\n", (long long)one->gauge);
		break;
	case GAUGE_FN:
		sample(out, one, "", "");
		buf_addf(out, "%g\n", one->read(one->ctx));
		break;
	case HISTOGRAM:
		render_histogram(one, out);
		break;
	}
}

void metrics_render(struct metrics *m, struct buf *out)
{
	static const char *const types[] = { "counter", "gauge", "gauge", "histogram" };
	const char *last = "";

	for (const struct metric *one = m->first; one; one = one->next) {
		if (strcmp(last, one->name) != 0)
			buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", one->name, one->help,
				one->name, types[one->kind]);
		last = one->name;
		render_one(one, out);
	}
}
