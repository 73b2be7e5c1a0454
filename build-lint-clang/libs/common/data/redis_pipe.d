build-lint-clang/libs/common/data/redis_pipe.o: \
  libs/common/data/redis_pipe.c libs/common/data/redis_pipe.h \
  libs/common/data/redis_link.h libs/common/app/loop.h \
  libs/common/base/list.h libs/common/base/str.h \
  libs/common/data/redis_wire.h libs/common/base/buf.h \
  libs/common/data/redis.h libs/common/app/task.h \
  libs/common/base/arena.h libs/common/base/err.h libs/common/base/id.h \
  libs/common/base/log.h

libs/common/data/redis_pipe.h:

libs/common/data/redis_link.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/str.h:

libs/common/data/redis_wire.h:

libs/common/base/buf.h:

libs/common/data/redis.h:

libs/common/app/task.h:

libs/common/base/arena.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:
