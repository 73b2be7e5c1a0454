build-lint-gcc/tests/unit/http_head_test.o: tests/unit/http_head_test.c \
 libs/common/base/id.h libs/common/base/str.h tests/lib/http_feed.h \
 libs/common/base/buf.h libs/common/http/intake.h \
 libs/common/http/chunk.h libs/common/http/head.h libs/common/http/http.h \
 libs/common/base/arena.h tests/lib/test.h
libs/common/base/id.h:
libs/common/base/str.h:
tests/lib/http_feed.h:
libs/common/base/buf.h:
libs/common/http/intake.h:
libs/common/http/chunk.h:
libs/common/http/head.h:
libs/common/http/http.h:
libs/common/base/arena.h:
tests/lib/test.h:
