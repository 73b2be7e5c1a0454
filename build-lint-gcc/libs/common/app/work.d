build-lint-gcc/libs/common/app/work.o: libs/common/app/work.c \
 libs/common/app/work.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/err.h
libs/common/app/work.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/err.h:
