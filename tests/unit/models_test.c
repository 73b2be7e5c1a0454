// needs: services/ai-worker/models.c
#include "services/ai-worker/models.h"

#include "tests/lib/test.h"

TEST(models_are_read_in_order_with_their_limits)
{
	struct jobq_model m[JOBQ_MODELS_MAX];
	struct arena a;
	unsigned n;

	arena_init(&a);
	CHECK(!models_read(&a, "one", NULL, NULL, m, &n));
	CHECK_INT(n, 1);
	CHECK_INT(m[0].rpm, 0);
	CHECK(!models_read(
		&a, "one", " two ,three,", "two rpm=60 rpd=9;  one tpm=1000000 ;", m, &n));
	CHECK_INT(n, 3);
	CHECK_STR(str_of(m[0].name), STR("one"));
	CHECK_STR(str_of(m[1].name), STR("two"));
	CHECK_STR(str_of(m[2].name), STR("three"));
	CHECK_INT(m[0].tpm, 1000000);
	CHECK_INT(m[1].rpm, 60);
	CHECK_INT(m[1].rpd, 9);
	CHECK_INT(m[1].tpm, 0);
	arena_fini(&a);
}

TEST(what_is_wrong_with_models_is_said)
{
	static const struct {
		const char *first, *others, *limits;
	} bad[] = {
		{ "", NULL, NULL },
		{ "a b", NULL, NULL },
		{ "../a", NULL, NULL },
		{ "a", "a", NULL },
		{ "a", "b,c,d,e,f,g,h,i", NULL },
		{ "a", NULL, "b rpm=1" },
		{ "a", NULL, "a rpm" },
		{ "a", NULL, "a rpm=x" },
		{ "a", NULL, "a rpm=-1" },
		{ "a", NULL, "a rph=1" },
		{ "a", NULL, "rpm=1" },
	};
	struct jobq_model m[JOBQ_MODELS_MAX];
	struct arena a;
	unsigned n;

	arena_init(&a);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!models_read(&a, bad[i].first, bad[i].others, bad[i].limits, m, &n))
			test_fail(__FILE__, __LINE__, "case %zu passed", i);
	}
	arena_fini(&a);
}
