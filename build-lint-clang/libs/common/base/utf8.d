build-lint-clang/libs/common/base/utf8.o: libs/common/base/utf8.c \
  libs/common/base/utf8.h libs/common/base/str.h

libs/common/base/utf8.h:

libs/common/base/str.h:
