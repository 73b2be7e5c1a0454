build-lint-gcc/libs/common/http/params.o: libs/common/http/params.c \
 libs/common/http/params.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/json/read.h libs/common/base/utf8.h \
 libs/common/http/exchange.h libs/common/app/app.h \
 libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/app/settings.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/http/intake.h \
 libs/common/http/chunk.h libs/common/http/head.h \
 libs/common/http/octet.h libs/common/http/reply.h \
 libs/common/json/write.h libs/common/http/server.h
libs/common/http/params.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/read.h:
libs/common/base/utf8.h:
libs/common/http/exchange.h:
libs/common/app/app.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/app/settings.h:
libs/common/http/route.h:
libs/common/http/http.h:
libs/common/http/intake.h:
libs/common/http/chunk.h:
libs/common/http/head.h:
libs/common/http/octet.h:
libs/common/http/reply.h:
libs/common/json/write.h:
libs/common/http/server.h:
