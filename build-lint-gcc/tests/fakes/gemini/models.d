build-lint-gcc/tests/fakes/gemini/models.o: tests/fakes/gemini/models.c \
 tests/fakes/gemini/gemini.h libs/common/app/app.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/base/map.h libs/common/http/params.h \
 libs/common/json/read.h libs/common/http/reply.h \
 libs/common/json/write.h libs/common/http/server.h
tests/fakes/gemini/gemini.h:
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
libs/common/base/map.h:
libs/common/http/params.h:
libs/common/json/read.h:
libs/common/http/reply.h:
libs/common/json/write.h:
libs/common/http/server.h:
