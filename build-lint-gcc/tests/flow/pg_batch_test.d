build-lint-gcc/tests/flow/pg_batch_test.o: tests/flow/pg_batch_test.c \
 libs/common/data/pg_batch.h libs/common/data/pg.h \
 libs/common/app/metrics.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h tests/lib/pg_asks.h tests/lib/pg_server.h \
 tests/lib/turns.h libs/common/base/clock.h tests/lib/test.h
libs/common/data/pg_batch.h:
libs/common/data/pg.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
tests/lib/pg_asks.h:
tests/lib/pg_server.h:
tests/lib/turns.h:
libs/common/base/clock.h:
tests/lib/test.h:
