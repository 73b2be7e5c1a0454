build-lint-clang/libs/common/base/buf.o: libs/common/base/buf.c \
  libs/common/base/buf.h libs/common/base/str.h

libs/common/base/buf.h:

libs/common/base/str.h:
