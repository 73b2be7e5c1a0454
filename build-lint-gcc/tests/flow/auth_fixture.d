build-lint-gcc/tests/flow/auth_fixture.o: tests/flow/auth_fixture.c \
 tests/flow/auth_fixture.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 tests/lib/pg_server.h tests/lib/process.h tests/lib/redis_server.h \
 tests/lib/talk.h libs/common/json/read.h tests/lib/test.h \
 /usr/include/postgresql/libpq-fe.h \
 /usr/include/postgresql/postgres_ext.h \
 /usr/include/postgresql/pg_config_ext.h libs/common/base/buf.h \
 libs/common/secure/secret.h libs/common/secure/token.h
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
/usr/include/postgresql/libpq-fe.h:
/usr/include/postgresql/postgres_ext.h:
/usr/include/postgresql/pg_config_ext.h:
libs/common/base/buf.h:
libs/common/secure/secret.h:
libs/common/secure/token.h:
