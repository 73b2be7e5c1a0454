build-lint-clang/libs/common/http/head.o: libs/common/http/head.c \
  libs/common/http/head.h libs/common/http/http.h \
  libs/common/base/arena.h libs/common/base/str.h \
  libs/common/http/octet.h

libs/common/http/head.h:

libs/common/http/http.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/http/octet.h:
