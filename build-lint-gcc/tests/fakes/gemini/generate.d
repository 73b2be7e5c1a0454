build-lint-gcc/tests/fakes/gemini/generate.o: \
 tests/fakes/gemini/generate.c tests/fakes/gemini/answer.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/clock.h \
 libs/common/base/utf8.h tests/fakes/gemini/chunk.h \
 libs/common/base/buf.h tests/fakes/gemini/gemini.h libs/common/app/app.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/app/metrics.h \
 libs/common/app/settings.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/base/map.h libs/common/http/reply.h \
 libs/common/json/write.h libs/common/http/server.h \
 tests/fakes/gemini/request.h libs/common/json/read.h \
 tests/fakes/gemini/script.h
tests/fakes/gemini/answer.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/clock.h:
libs/common/base/utf8.h:
tests/fakes/gemini/chunk.h:
libs/common/base/buf.h:
tests/fakes/gemini/gemini.h:
libs/common/app/app.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/app/metrics.h:
libs/common/app/settings.h:
libs/common/app/task.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/http/route.h:
libs/common/http/http.h:
libs/common/base/map.h:
libs/common/http/reply.h:
libs/common/json/write.h:
libs/common/http/server.h:
tests/fakes/gemini/request.h:
libs/common/json/read.h:
tests/fakes/gemini/script.h:
