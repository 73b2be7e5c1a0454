build-lint-gcc/libs/common/base/err.o: libs/common/base/err.c \
 libs/common/base/err.h
libs/common/base/err.h:
