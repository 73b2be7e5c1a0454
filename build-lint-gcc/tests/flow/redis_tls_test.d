build-lint-gcc/tests/flow/redis_tls_test.o: tests/flow/redis_tls_test.c \
 libs/common/data/redis.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 tests/lib/redis_server.h tests/lib/turns.h libs/common/base/clock.h \
 tests/lib/test.h
libs/common/data/redis.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
tests/lib/redis_server.h:
tests/lib/turns.h:
libs/common/base/clock.h:
tests/lib/test.h:
