/* W3C trace context: what is believed, what goes on. */
#include "base/trace.h"

#include <stdio.h>

#include "tests/lib/test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static bool reads(const char *text, struct log_context *ctx)
{
	*ctx = (struct log_context){ .span_id = "own" };
	return traceparent_read(str_of(text), ctx);
}

TEST(a_trace_is_taken_over_and_the_span_is_not)
{
	struct log_context ctx;

	CHECK(reads("00-" TRACE "-" SPAN "-01", &ctx));
	CHECK_STR(str_of(ctx.trace_id), STR(TRACE));
	CHECK_STR(str_of(ctx.span_id), STR("own"));
	CHECK_INT(ctx.trace_flags, TRACE_SAMPLED);
}

TEST(flags_that_nobody_knows_do_not_go_on)
{
	static const struct {
		const char *given;
		unsigned kept;
	} rows[] = { { "00", 0 }, { "01", 1 }, { "02", 2 }, { "03", 3 }, { "ff", 3 },
		{ "fc", 0 }, { "09", 1 } };
	struct log_context ctx;
	char text[80];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, "00-" TRACE "-" SPAN "-%s", rows[i].given);
		CHECK(reads(text, &ctx));
		CHECK_INT(ctx.trace_flags, rows[i].kept);
		CHECK(traceparent_format(&(struct log_context){ .trace_id = TRACE,
						 .span_id = SPAN,
						 .trace_flags = ctx.trace_flags },
			text));
		CHECK_INT(text[53] - '0', 0);
		CHECK_INT(text[54] - '0', rows[i].kept);
	}
}

TEST(later_versions_are_read_as_far_as_they_are_known)
{
	static const char *const good[] = { "01-" TRACE "-" SPAN "-01",
		"01-" TRACE "-" SPAN "-01-", "cc-" TRACE "-" SPAN "-01-what-may-come",
		"fe-" TRACE "-" SPAN "-01-.?" };
	struct log_context ctx;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		CHECK(reads(good[i], &ctx));
		CHECK_STR(str_of(ctx.trace_id), STR(TRACE));
	}
}

TEST(what_is_malformed_changes_nothing)
{
	static const char *const bad[] = { "", "00", "ff-" TRACE "-" SPAN "-01",
		"ff-" TRACE "-" SPAN "-01-x", "00-" TRACE "-" SPAN "-01-",
		"00-" TRACE "-" SPAN "-01-x", "01-" TRACE "-" SPAN "-01x",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01", "00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-0G", "00-" TRACE "-" SPAN "-0A",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-" TRACE "-00F067AA0BA902B7-01", "0x-" TRACE "-" SPAN "-01",
		"00_" TRACE "-" SPAN "-01", "00-" TRACE "_" SPAN "-01",
		" 00-" TRACE "-" SPAN "-01", "00-" TRACE "0-" SPAN "-01" };
	struct log_context ctx;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (reads(bad[i], &ctx) || ctx.trace_id[0] || ctx.trace_flags)
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

/* ---- tracestate ---- */

static bool state_reads(const char *text, unsigned want)
{
	unsigned members = 0;
	size_t size = 0;

	return tracestate_read(str_of(text), &members, &size) && members == want &&
	       size == strlen(text);
}

TEST(lists_of_vendors)
{
	CHECK(state_reads("rojo=00f067aa0ba902b7", 1));
	CHECK(state_reads("rojo=1,congo=t61rcWkgMzE", 2));
	CHECK(state_reads("a=1 , b=2\t,\tc=3", 3));
	CHECK(state_reads("a=1,,b=2, ,", 2)); /* empty members are allowed, and none */
	CHECK(state_reads("", 0));
	CHECK(state_reads("fw529a3039@dt=FfAAA;1:2", 1));
	CHECK(state_reads("0a_-*/z=!\"#$%&'()*+-./:;<>?@[]^_`{|}~", 1));
	CHECK(state_reads("a= b c", 1));
}

TEST(what_is_no_list_of_vendors)
{
	static const char *const bad[] = { "a", "=1", "a=", "A=1", "aB=1", "_a=1", "a b=1",
		"a=1=2", "a=\x7f", "a=\xc3\xa9", "a=1,b", "a=1;b,c", "a\x01=1", "é=1" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (state_reads(bad[i], 1) || state_reads(bad[i], 2))
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

TEST(keys_and_values_are_bounded)
{
	char text[600];

	for (int len = 256; len <= 257; len++) {
		memset(text, 'k', sizeof text);
		memcpy(text + len, "=1", 3);
		CHECK(state_reads(text, 1) == (len == 256));
		memset(text, 'v', sizeof text);
		memcpy(text, "k=", 2);
		text[2 + len] = '\0';
		CHECK(state_reads(text, 1) == (len == 256));
	}
}
