build-lint-gcc/tests/flow/auth_test.o: tests/flow/auth_test.c \
 libs/common/base/clock.h libs/common/secure/token.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/base/buf.h \
 tests/flow/auth_fixture.h tests/lib/pg_server.h tests/lib/process.h \
 tests/lib/redis_server.h tests/lib/talk.h libs/common/json/read.h \
 tests/lib/test.h
libs/common/base/clock.h:
libs/common/secure/token.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/base/buf.h:
tests/flow/auth_fixture.h:
tests/lib/pg_server.h:
tests/lib/process.h:
tests/lib/redis_server.h:
tests/lib/talk.h:
libs/common/json/read.h:
tests/lib/test.h:
