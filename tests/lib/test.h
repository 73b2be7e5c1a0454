/*
 * test - a test is one function: TEST(name) { ... CHECK(...); }. It registers itself; the
 * runner (test.c) prints a line per test and, last, "N passed, N failed".
 *
 * A first argument runs only tests whose name contains it.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include "base/str.h"

typedef void test_fn(void);
void test_register(const char *file, const char *name, test_fn *fn);
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define TEST(name)                                                                         \
	static void test_##name(void);                                                     \
	__attribute__((constructor)) static void test_register_##name(void)                \
	{                                                                                  \
		test_register(__FILE__, #name, test_##name);                               \
	}                                                                                  \
	static void test_##name(void)

/* Each notes a failure and goes on. */
#define CHECK(cond)                                                                        \
	do {                                                                               \
		if (!(cond))                                                               \
			test_fail(__FILE__, __LINE__, "%s", #cond);                        \
	} while (0)
#define CHECK_INT(got, want)                                                               \
	do {                                                                               \
		long long got_ = (long long)(got), want_ = (long long)(want);              \
		if (got_ != want_)                                                         \
			test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #got, got_,  \
				want_);                                                    \
	} while (0)
#define CHECK_STR(got, want)                                                               \
	do {                                                                               \
		struct str got_ = (got), want_ = (want);                                   \
		if (!str_eq(got_, want_))                                                  \
			test_fail(__FILE__, __LINE__, "%s is \"%.*s\", not \"%.*s\"",      \
				#got, STR_ARG(got_), STR_ARG(want_));                      \
	} while (0)

#endif
