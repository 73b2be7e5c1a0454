build-lint-clang/libs/common/http/chunk.o: libs/common/http/chunk.c \
  libs/common/http/chunk.h libs/common/http/head.h \
  libs/common/http/http.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/http/octet.h

libs/common/http/chunk.h:

libs/common/http/head.h:

libs/common/http/http.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/http/octet.h:
