build-lint-gcc/libs/common/base/arena.o: libs/common/base/arena.c \
 libs/common/base/arena.h libs/common/base/str.h
libs/common/base/arena.h:
libs/common/base/str.h:
