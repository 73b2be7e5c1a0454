// needs: tests/fakes/gemini/script.c
// needs: tests/fakes/gemini/answer.c
#include "../fakes/gemini/answer.h"
#include "../fakes/gemini/script.h"

#include "base/utf8.h"
#include "tests/lib/test.h"

static struct script read_text(const char *text)
{
	struct script s = SCRIPT_PLAIN;

	script_read(&s, str_of(text));
	return s;
}

TEST(directives_are_found_anywhere)
{
	struct script s = read_text(
		"a [[delay=500]] b [[chunks=20 chunk_delay=50]][[hang]]");

	CHECK_INT(s.delay_ms, 500);
	CHECK_INT(s.chunks, 20);
	CHECK_INT(s.chunk_delay_ms, 50);
	CHECK(s.hang);
	CHECK_INT(s.status, 0);
	CHECK_INT(s.cut_after, -1);
}

TEST(faults_and_reasons_are_read)
{
	struct script s = read_text(
		"[[status=429 retry=2]][[fail_times=2]][[cut_after=0]]"
		"[[finish=MAX_TOKENS]][[block=SAFETY]][[perday]]");

	CHECK_INT(s.status, 429);
	CHECK_INT(s.retry_s, 2);
	CHECK_INT(s.fail_times, 2);
	CHECK_INT(s.cut_after, 0);
	CHECK_STR(s.finish, STR("MAX_TOKENS"));
	CHECK_STR(s.block, STR("SAFETY"));
	CHECK(s.per_day);
}

TEST(words_that_are_not_ours_change_nothing)
{
	static const char *const texts[] = { "", "[[", "[[]]", "[[ ]]", "[[wiki]]",
		"[[delay]]", "[[delay=]]", "[[delay=-1]]", "[[delay=99999999999]]",
		"[[hang=1]]", "[[finish=a\"b]]", "[[finish=]]", "[delay=1]", "[[delay=1",
		"[ [delay=1]]" };
	struct script plain = SCRIPT_PLAIN;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct script s = read_text(texts[i]);

		CHECK_INT(s.delay_ms, plain.delay_ms);
		CHECK(!s.hang && !s.finish.ptr);
	}
}

TEST(forgiving_leaves_how_the_answer_comes)
{
	struct script s = read_text(
		"[[status=503 cut_after=1 no_finish delay=7 chunks=3 echo]]");

	script_forgive(&s);
	CHECK_INT(s.status, 0);
	CHECK_INT(s.cut_after, -1);
	CHECK(!s.no_finish);
	CHECK_INT(s.delay_ms, 7);
	CHECK_INT(s.chunks, 3);
	CHECK(s.echo);
}

TEST(stripping_takes_directives_and_nothing_else)
{
	struct arena a;

	arena_init(&a);
	CHECK_STR(script_strip(&a, STR("[[echo]] say [[this]] [[x]]")),
		STR("say [[this]] [[x]]"));
	CHECK_STR(script_strip(&a, STR("a[[delay=1]]b[[chunks=2 hang]]")), STR("ab"));
	CHECK_STR(script_strip(&a, STR("[[echo]]")), STR(""));
	CHECK_STR(script_strip(&a, STR("plain")), STR("plain"));
	CHECK_STR(script_strip(&a, STR("")), STR(""));
	arena_fini(&a);
}

TEST(the_same_prompt_gets_the_same_answer)
{
	struct arena a;

	arena_init(&a);
	CHECK_STR(answer_text(&a, STR("why?"), 2, 0), answer_text(&a, STR("why?"), 2, 0));
	CHECK(str_starts(answer_text(&a, STR("why?"), 2, 0),
		STR("You wrote: \"why?\". That is turn 2 of our talk.")));
	CHECK(!str_eq(
		answer_text(&a, STR("why?"), 2, 0), answer_text(&a, STR("how?"), 2, 0)));
	arena_fini(&a);
}

TEST(answers_have_the_length_asked_for_and_are_whole_utf8)
{
	struct arena a;

	for (size_t n = 1; n < 700; n++) {
		struct str s;

		arena_init(&a);
		s = answer_text(&a, STR("h\xc3\xa9"), 1, n);
		CHECK(s.len <= n && s.len + 4 > n);
		CHECK(utf8_valid(s));
		arena_fini(&a);
	}
}

TEST(pieces_make_up_the_text_and_are_whole_utf8)
{
	struct str text = STR(
		"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82 b\xe2\x82\xac\xc3\xa9");

	for (unsigned n = 1; n <= text.len; n++) {
		size_t at = 0;

		for (unsigned i = 0; i < n; i++) {
			struct str p = answer_piece(text, i, n);

			CHECK(p.ptr == text.ptr + at);
			CHECK(utf8_valid(p));
			at += p.len;
		}
		CHECK_INT(at, text.len);
	}
}
