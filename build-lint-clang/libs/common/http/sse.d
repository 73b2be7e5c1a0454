build-lint-clang/libs/common/http/sse.o: libs/common/http/sse.c \
  libs/common/http/sse.h libs/common/base/buf.h libs/common/base/str.h \
  libs/common/base/err.h

libs/common/http/sse.h:

libs/common/base/buf.h:

libs/common/base/str.h:

libs/common/base/err.h:
