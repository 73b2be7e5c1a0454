build-lint-clang/libs/common/http/intake.o: libs/common/http/intake.c \
  libs/common/http/intake.h libs/common/base/buf.h \
  libs/common/base/str.h libs/common/http/chunk.h \
  libs/common/http/head.h libs/common/http/http.h \
  libs/common/base/arena.h libs/common/base/log.h libs/common/base/err.h

libs/common/http/intake.h:

libs/common/base/buf.h:

libs/common/base/str.h:

libs/common/http/chunk.h:

libs/common/http/head.h:

libs/common/http/http.h:

libs/common/base/arena.h:

libs/common/base/log.h:

libs/common/base/err.h:
