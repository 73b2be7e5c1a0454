build-lint-gcc/tests/unit/password_test.o: tests/unit/password_test.c \
 libs/common/secure/password.h libs/common/app/task.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h libs/common/app/work.h libs/common/app/app.h \
 libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/app/settings.h libs/common/http/route.h \
 libs/common/http/http.h tests/lib/test.h
libs/common/secure/password.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/app/work.h:
libs/common/app/app.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/app/settings.h:
libs/common/http/route.h:
libs/common/http/http.h:
tests/lib/test.h:
