build-lint-gcc/libs/common/data/redis_link.o: \
 libs/common/data/redis_link.c libs/common/data/redis_link.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/base/str.h
libs/common/data/redis_link.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/str.h:
