build-lint-gcc/tests/unit/sse_test.o: tests/unit/sse_test.c \
 libs/common/http/sse.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/base/err.h tests/lib/test.h
libs/common/http/sse.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/base/err.h:
tests/lib/test.h:
