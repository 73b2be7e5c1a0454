/* Counts of many processes, told as one (app/metrics.h). */
#include <sys/wait.h>
#include <unistd.h>

#include "app/metrics.h"
#include "tests/lib/test.h"

static bool says(struct metrics *m, const char *line)
{
	struct buf text = { 0 };
	bool found;

	metrics_render(m, &text);
	found = strstr(buf_cstr(&text), line) != NULL;
	buf_fini(&text);
	return found;
}

static double seven(void *ctx)
{
	(void)ctx;
	return 7;
}

TEST(slots_are_summed_whoever_is_asked)
{
	struct metrics_area *area = metrics_area_new();
	struct metrics *a = metrics_new_in(area, 1), *b = metrics_new_in(area, 9);

	*metrics_counter(a, "c_total", "help", "x=\"1\"") += 3;
	*metrics_counter(b, "c_total", "help", "x=\"1\"") += 4;
	*metrics_counter(b, "c_total", "help", "x=\"2\"") += 5;
	*metrics_gauge(a, "g", "help", NULL) = -2;
	*metrics_gauge(b, "g", "help", NULL) = 3;
	metrics_gauge_fn(b, "f", "help", NULL, seven, NULL);
	histogram_observe_us(metrics_histogram(a, "h", "help", NULL), 700);
	histogram_observe_us(metrics_histogram(b, "h", "help", NULL), 400);
	metrics_publish(b);
	CHECK(says(a, "c_total{x=\"1\"} 7\nc_total{x=\"2\"} 5\n"));
	CHECK(says(a, "\ng 1\n"));
	CHECK(says(a, "\nf 7\n"));
	CHECK(says(a, "h_bucket{le=\"0.0005\"} 1\nh_bucket{le=\"0.001\"} 2\n"));
	CHECK(says(b, "c_total{x=\"1\"} 7\n"));
}

TEST(what_a_process_counted_outlives_it)
{
	struct metrics_area *area = metrics_area_new();
	struct metrics *master = metrics_new_in(area, 0);
	pid_t pid = fork();

	if (pid == 0) {
		struct metrics *m = metrics_new_in(area, 1);

		*metrics_counter(m, "c_total", "help", NULL) += 3;
		*metrics_gauge(m, "g", "help", NULL) = 3;
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	CHECK(says(master, "c_total 3\n"));
	CHECK(says(master, "g 3\n"));
	metrics_inherit(master, 1);
	CHECK(says(master, "c_total 3\n"));
	CHECK(!says(master, "g 3\n")); /* what it had is not there any more */
	*metrics_counter(metrics_new_in(area, 1), "c_total", "help", NULL) += 1;
	CHECK(says(master, "c_total 4\n"));
}
