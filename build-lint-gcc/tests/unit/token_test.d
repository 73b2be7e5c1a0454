build-lint-gcc/tests/unit/token_test.o: tests/unit/token_test.c \
 libs/common/secure/token.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/base/buf.h libs/common/base/clock.h \
 libs/common/secure/secret.h libs/common/secure/token_key.h \
 tests/lib/test.h libs/common/json/read.h
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
libs/common/base/clock.h:
libs/common/secure/secret.h:
libs/common/secure/token_key.h:
tests/lib/test.h:
libs/common/json/read.h:
