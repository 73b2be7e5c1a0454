build-lint-gcc/tests/flow/auth_limits_test.o: \
 tests/flow/auth_limits_test.c tests/flow/auth_fixture.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h tests/lib/pg_server.h \
 tests/lib/process.h tests/lib/redis_server.h tests/lib/talk.h \
 libs/common/json/read.h tests/lib/test.h
tests/flow/auth_fixture.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
tests/lib/pg_server.h:
tests/lib/process.h:
tests/lib/redis_server.h:
tests/lib/talk.h:
libs/common/json/read.h:
tests/lib/test.h:
