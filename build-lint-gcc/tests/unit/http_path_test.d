build-lint-gcc/tests/unit/http_path_test.o: tests/unit/http_path_test.c \
 libs/common/http/http.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/http/route.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h tests/lib/test.h
libs/common/http/http.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/http/route.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
tests/lib/test.h:
