build-lint-clang/tests/fakes/stripe/form.o: tests/fakes/stripe/form.c \
  tests/fakes/stripe/form.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/base/utf8.h

tests/fakes/stripe/form.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/utf8.h:
