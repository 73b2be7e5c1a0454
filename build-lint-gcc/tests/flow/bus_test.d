build-lint-gcc/tests/flow/bus_test.o: tests/flow/bus_test.c \
 libs/common/data/bus.h libs/common/app/app.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/messages.h libs/common/base/arena.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/json/read.h libs/common/json/write.h \
 libs/common/base/clock.h libs/common/data/migrate.h \
 libs/common/data/pg.h libs/common/data/redis.h tests/lib/pg_server.h \
 tests/lib/redis_server.h tests/lib/test.h
libs/common/data/bus.h:
libs/common/app/app.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/app/settings.h:
libs/common/base/arena.h:
libs/common/app/task.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/http/route.h:
libs/common/http/http.h:
libs/common/messages.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/read.h:
libs/common/json/write.h:
libs/common/base/clock.h:
libs/common/data/migrate.h:
libs/common/data/pg.h:
libs/common/data/redis.h:
tests/lib/pg_server.h:
tests/lib/redis_server.h:
tests/lib/test.h:
