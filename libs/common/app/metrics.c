#include "app/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLOT_SIZE (512u << 10)

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
	double seen; /* what read said last */
	double (*read)(void *ctx);
	void *ctx;
	struct histogram histogram;
};

struct metrics {
	struct metric *first;
	struct metrics_area *area; /* NULL: the memory is the heap's */
	size_t used;               /* of the slot */
};

struct metrics_area {
	union {
		struct metrics head;
		char bytes[SLOT_SIZE];
	} slot[METRICS_SLOTS];
};

struct metrics *metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof *m);

	if (!m)
		abort();
	return m;
}

/* Pages come to be when they are written to: most slots are never used. */
struct metrics_area *metrics_area_new(void)
{
	void *area = mmap(NULL, sizeof(struct metrics_area), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		abort();
	return area;
}

struct metrics *metrics_new_in(struct metrics_area *area, unsigned slot)
{
	struct metrics *m = &area->slot[slot].head;

	__atomic_store_n(&m->first, NULL, __ATOMIC_RELEASE);
	m->area = area;
	m->used = (sizeof *m + 15) & ~(size_t)15;
	return m;
}

static void *allocate(struct metrics *m, size_t size)
{
	void *p;

	if (!m->area) {
		p = calloc(1, size);
		if (!p)
			abort();
		return p;
	}
	size = (size + 15) & ~(size_t)15;
	if (SLOT_SIZE - m->used < size)
		abort(); /* the set of names and labels is closed, and small */
	p = (char *)m + m->used;
	m->used += size;
	return memset(p, 0, size);
}

void metrics_free(struct metrics **m)
{
	struct metric *next;

	if (!*m || (*m)->area) {
		*m = NULL;
		return;
	}
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
	struct metric *one = allocate(m, sizeof *one), **at, **place = NULL;

	one->kind = kind;
	one->name = name;
	one->help = help;
	labels = labels ? labels : "";
	one->labels = memcpy(allocate(m, strlen(labels) + 1), labels, strlen(labels) + 1);
	for (at = &m->first; *at; at = &(*at)->next) {
		if (!strcmp((*at)->name, name))
			place = &(*at)->next;
	}
	if (!place)
		place = at;
	one->next = *place;
	__atomic_store_n(place, one, __ATOMIC_RELEASE); /* others may be reading */
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

	one->ctx = ctx;
	one->read = read;
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
		buf_addf(out, "%g\n", one->read ? one->read(one->ctx) : one->seen);
		break;
	case HISTOGRAM:
		render_histogram(one, out);
		break;
	}
}

/* ---- many processes ---- */

void metrics_publish(struct metrics *m)
{
	for (struct metric *one = m->first; one; one = one->next) {
		if (one->read)
			one->seen = one->read(one->ctx);
	}
}

static struct metric *find_or_add(struct metrics *m, const struct metric *like)
{
	for (struct metric *one = m->first; one; one = one->next) {
		if (!strcmp(one->name, like->name) && !strcmp(one->labels, like->labels))
			return one;
	}
	return add(m, like->kind, like->name, like->help, like->labels);
}

static void add_up(struct metric *into, const struct metric *from)
{
	into->counter += from->counter;
	for (size_t i = 0; i <= BOUNDS; i++)
		into->histogram.count[i] += from->histogram.count[i];
	into->histogram.sum_us += from->histogram.sum_us;
}

static const struct metric *first_of(const struct metrics *m)
{
	return __atomic_load_n(&m->first, __ATOMIC_ACQUIRE);
}

void metrics_inherit(struct metrics *m, unsigned from)
{
	struct metrics *gone = &m->area->slot[from].head;

	for (const struct metric *one = first_of(gone); one; one = one->next) {
		if (one->kind == COUNTER || one->kind == HISTOGRAM)
			add_up(find_or_add(m, one), one);
	}
	__atomic_store_n(&gone->first, NULL, __ATOMIC_RELEASE);
}

/* The sums of all slots, on the heap. */
static struct metrics *sum_up(struct metrics_area *area)
{
	struct metrics *sum = metrics_new();

	for (unsigned i = 0; i < METRICS_SLOTS; i++) {
		const struct metric *one = first_of(&area->slot[i].head);

		for (; one; one = __atomic_load_n(&one->next, __ATOMIC_ACQUIRE)) {
			struct metric *into = find_or_add(sum, one);

			add_up(into, one);
			into->gauge += one->gauge;
			into->seen += one->seen;
		}
	}
	return sum;
}

static void render_all(struct metrics *m, struct buf *out)
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

void metrics_render(struct metrics *m, struct buf *out)
{
	struct metrics *sum;

	if (!m->area) {
		render_all(m, out);
		return;
	}
	metrics_publish(m);
	sum = sum_up(m->area);
	render_all(sum, out);
	metrics_free(&sum);
}
