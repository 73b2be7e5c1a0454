build-lint-clang/libs/common/http/endpoint.o: libs/common/http/endpoint.c \
  libs/common/http/endpoint.h libs/common/app/loop.h \
  libs/common/base/list.h libs/common/base/str.h libs/common/base/id.h \
  libs/common/base/log.h libs/common/base/err.h

libs/common/http/endpoint.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/str.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/base/err.h:
