build-lint-gcc/tests/fakes/gemini/answer.o: tests/fakes/gemini/answer.c \
 tests/fakes/gemini/answer.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/map.h libs/common/base/utf8.h
tests/fakes/gemini/answer.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/map.h:
libs/common/base/utf8.h:
