build-lint-clang/tests/lib/talk.o: tests/lib/talk.c tests/lib/talk.h \
  libs/common/json/read.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/base/err.h libs/common/base/id.h \
  libs/common/base/buf.h

tests/lib/talk.h:

libs/common/json/read.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/buf.h:
