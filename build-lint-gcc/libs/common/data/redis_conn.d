build-lint-gcc/libs/common/data/redis_conn.o: \
 libs/common/data/redis_conn.c libs/common/data/redis_conn.h \
 libs/common/data/redis.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/data/redis_dial.h libs/common/data/redis_link.h \
 libs/common/data/redis_url.h libs/common/data/redis_pipe.h \
 libs/common/data/redis_wire.h libs/common/base/buf.h
libs/common/data/redis_conn.h:
libs/common/data/redis.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/data/redis_dial.h:
libs/common/data/redis_link.h:
libs/common/data/redis_url.h:
libs/common/data/redis_pipe.h:
libs/common/data/redis_wire.h:
libs/common/base/buf.h:
