build-lint-gcc/tests/fakes/gemini/request.o: tests/fakes/gemini/request.c \
 tests/fakes/gemini/request.h libs/common/json/read.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
 libs/common/base/id.h tests/fakes/gemini/gemini.h libs/common/app/app.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/app/metrics.h \
 libs/common/base/buf.h libs/common/app/settings.h libs/common/app/task.h \
 libs/common/base/log.h libs/common/http/route.h libs/common/http/http.h \
 libs/common/base/map.h
tests/fakes/gemini/request.h:
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
tests/fakes/gemini/gemini.h:
libs/common/app/app.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/app/settings.h:
libs/common/app/task.h:
libs/common/base/log.h:
libs/common/http/route.h:
libs/common/http/http.h:
libs/common/base/map.h:
