build-lint-gcc/tests/flow/pubsub_test.o: tests/flow/pubsub_test.c \
 libs/common/base/buf.h libs/common/base/str.h libs/common/data/redis.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h libs/common/data/redis_conn.h \
 tests/lib/redis_server.h tests/lib/turns.h libs/common/base/clock.h \
 tests/lib/test.h
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/data/redis.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/data/redis_conn.h:
tests/lib/redis_server.h:
tests/lib/turns.h:
libs/common/base/clock.h:
tests/lib/test.h:
