build-lint-clang/libs/common/base/str.o: libs/common/base/str.c \
  libs/common/base/str.h

libs/common/base/str.h:
