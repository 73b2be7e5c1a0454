build-lint-clang/tests/lib/test.o: tests/lib/test.c tests/lib/test.h \
  libs/common/base/str.h

tests/lib/test.h:

libs/common/base/str.h:
