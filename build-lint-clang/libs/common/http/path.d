build-lint-clang/libs/common/http/path.o: libs/common/http/path.c \
  libs/common/http/http.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/http/octet.h

libs/common/http/http.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/http/octet.h:
