build-lint-gcc/tests/unit/gateway_limits_test.o: \
 tests/unit/gateway_limits_test.c gateway/limits.h libs/common/app/task.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h tests/lib/test.h
gateway/limits.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
tests/lib/test.h:
