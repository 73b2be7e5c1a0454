build-lint-gcc/tests/flow/billing_fixture.o: tests/flow/billing_fixture.c \
 tests/flow/billing_fixture.h tests/lib/pg_server.h tests/lib/process.h \
 libs/common/base/arena.h libs/common/base/str.h tests/lib/redis_server.h \
 tests/lib/talk.h libs/common/json/read.h libs/common/base/err.h \
 libs/common/base/id.h tests/lib/test.h libs/common/base/clock.h \
 libs/common/secure/secret.h libs/common/secure/token.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/log.h libs/common/base/buf.h
tests/flow/billing_fixture.h:
tests/lib/pg_server.h:
tests/lib/process.h:
libs/common/base/arena.h:
libs/common/base/str.h:
tests/lib/redis_server.h:
tests/lib/talk.h:
libs/common/json/read.h:
libs/common/base/err.h:
libs/common/base/id.h:
tests/lib/test.h:
libs/common/base/clock.h:
libs/common/secure/secret.h:
libs/common/secure/token.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/log.h:
libs/common/base/buf.h:
