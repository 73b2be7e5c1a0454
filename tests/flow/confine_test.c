/* Every process gives away what it does not need (app/confine.h). */
#include <stdio.h>

#include "tests/lib/process.h"
#include "tests/lib/test.h"

static int check(const char *name, const char *mode, struct arena *a, struct str *said)
{
	static const char *const words[] = { "confine-check", NULL };
	const char *env[] = { mode, NULL };

	return process_run(name, words, env, a, said);
}

/* Sanitizers start processes of their own. */
#ifndef CONFINE_OFF
static bool says(struct str text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

TEST(every_process_is_confined)
{
	static const char *const processes[] = { "gateway", "auth", "chat", "billing",
		"ai-worker" };
	static const char *const denied[] = { "execute a program            denied",
		"trace a process              denied",
		"start a process              denied",
		"signal another process       denied",
		"be traced or dumped          denied" };
	struct arena a;
	struct str said;

	arena_init(&a);
	for (size_t i = 0; i < sizeof processes / sizeof *processes; i++) {
		CHECK_INT(check(processes[i], "CONFINE=on", &a, &said), 0);
		for (size_t n = 0; n < sizeof denied / sizeof *denied; n++)
			CHECK(says(said, denied[n]));
		CHECK(!says(said, "wrong"));
	}
	arena_fini(&a);
}
#endif

TEST(the_check_notices_what_is_not)
{
	struct arena a;

	arena_init(&a);
	CHECK_INT(check("gateway", "CONFINE=off", &a, NULL), 1);
	arena_fini(&a);
}
