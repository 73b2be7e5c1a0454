build-lint-clang/libs/common/http/head_request.o: \
  libs/common/http/head_request.c libs/common/http/head.h \
  libs/common/http/http.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/http/octet.h

libs/common/http/head.h:

libs/common/http/http.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/http/octet.h:
