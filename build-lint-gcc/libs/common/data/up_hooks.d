build-lint-gcc/libs/common/data/up_hooks.o: libs/common/data/up_hooks.c \
 libs/common/data/up_hooks.h libs/common/app/loop.h \
 libs/common/base/list.h
libs/common/data/up_hooks.h:
libs/common/app/loop.h:
libs/common/base/list.h:
