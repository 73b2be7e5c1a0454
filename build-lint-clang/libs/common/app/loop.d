build-lint-clang/libs/common/app/loop.o: libs/common/app/loop.c \
  libs/common/app/loop.h libs/common/base/list.h

libs/common/app/loop.h:

libs/common/base/list.h:
