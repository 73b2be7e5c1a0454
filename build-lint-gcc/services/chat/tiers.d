build-lint-gcc/services/chat/tiers.o: services/chat/tiers.c \
 services/chat/chat.h libs/common/app/app.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/data/bus.h libs/common/messages.h \
 libs/common/base/arena.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h libs/common/json/read.h libs/common/json/write.h \
 libs/common/data/pg.h
services/chat/chat.h:
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
libs/common/data/bus.h:
libs/common/messages.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/read.h:
libs/common/json/write.h:
libs/common/data/pg.h:
