build-lint-clang/libs/common/data/pubsub.o: libs/common/data/pubsub.c \
  libs/common/data/redis.h libs/common/app/task.h libs/common/app/loop.h \
  libs/common/base/list.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/base/err.h libs/common/base/id.h \
  libs/common/base/log.h libs/common/data/redis_conn.h \
  libs/common/data/up_hooks.h

libs/common/data/redis.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/data/redis_conn.h:

libs/common/data/up_hooks.h:
