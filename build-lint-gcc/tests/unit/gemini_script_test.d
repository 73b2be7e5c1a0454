build-lint-gcc/tests/unit/gemini_script_test.o: \
 tests/unit/gemini_script_test.c tests/unit/../fakes/gemini/answer.h \
 libs/common/base/arena.h libs/common/base/str.h \
 tests/unit/../fakes/gemini/script.h libs/common/base/utf8.h \
 tests/lib/test.h
tests/unit/../fakes/gemini/answer.h:
libs/common/base/arena.h:
libs/common/base/str.h:
tests/unit/../fakes/gemini/script.h:
libs/common/base/utf8.h:
tests/lib/test.h:
