build-lint-clang/libs/common/app/metrics.o: libs/common/app/metrics.c \
  libs/common/app/metrics.h libs/common/base/buf.h \
  libs/common/base/str.h

libs/common/app/metrics.h:

libs/common/base/buf.h:

libs/common/base/str.h:
