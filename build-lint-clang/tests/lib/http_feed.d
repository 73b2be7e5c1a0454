build-lint-clang/tests/lib/http_feed.o: tests/lib/http_feed.c \
  tests/lib/http_feed.h libs/common/base/buf.h libs/common/base/str.h \
  libs/common/http/intake.h libs/common/http/chunk.h \
  libs/common/http/head.h libs/common/http/http.h \
  libs/common/base/arena.h

tests/lib/http_feed.h:

libs/common/base/buf.h:

libs/common/base/str.h:

libs/common/http/intake.h:

libs/common/http/chunk.h:

libs/common/http/head.h:

libs/common/http/http.h:

libs/common/base/arena.h:
