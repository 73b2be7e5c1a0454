build-lint-clang/gateway/address.o: gateway/address.c gateway/address.h \
  libs/common/base/arena.h libs/common/base/str.h \
  libs/common/http/http.h

gateway/address.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/http/http.h:
