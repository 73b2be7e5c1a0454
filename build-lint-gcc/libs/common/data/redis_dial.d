build-lint-gcc/libs/common/data/redis_dial.o: \
 libs/common/data/redis_dial.c libs/common/data/redis_dial.h \
 libs/common/data/redis_link.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/str.h \
 libs/common/data/redis_url.h libs/common/base/arena.h
libs/common/data/redis_dial.h:
libs/common/data/redis_link.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/str.h:
libs/common/data/redis_url.h:
libs/common/base/arena.h:
