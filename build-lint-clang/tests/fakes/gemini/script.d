build-lint-clang/tests/fakes/gemini/script.o: tests/fakes/gemini/script.c \
  tests/fakes/gemini/script.h libs/common/base/arena.h \
  libs/common/base/str.h

tests/fakes/gemini/script.h:

libs/common/base/arena.h:

libs/common/base/str.h:
