#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	const char *file, *name;
	test_fn *fn;
} tests[2000];
static int test_count, failures_now;

void test_register(const char *file, const char *name, test_fn *fn)
{
	if (test_count == (int)(sizeof tests / sizeof *tests))
		abort();
	tests[test_count].file = file;
	tests[test_count].name = name;
	tests[test_count++].fn = fn;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s:%d: ", file, line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	failures_now++;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < test_count; i++) {
		if (argc > 1 && !strstr(tests[i].name, argv[1]))
			continue;
		failures_now = 0;
		tests[i].fn();
		printf("%s %s\n", failures_now ? "FAIL" : "ok", tests[i].name);
		if (failures_now)
			failed++;
		else
			passed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
