build-lint-gcc/services/auth/deliver.o: services/auth/deliver.c \
 services/auth/auth.h libs/common/app/app.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/app/work.h libs/common/data/bus.h \
 libs/common/messages.h libs/common/base/arena.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/json/read.h \
 libs/common/json/write.h libs/common/http/outbound.h \
 libs/common/http/reply.h libs/common/json/write.h services/auth/mobile.h \
 services/auth/otp.h libs/common/secure/token.h
services/auth/auth.h:
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
libs/common/app/work.h:
libs/common/data/bus.h:
libs/common/messages.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/read.h:
libs/common/json/write.h:
libs/common/http/outbound.h:
libs/common/http/reply.h:
libs/common/json/write.h:
services/auth/mobile.h:
services/auth/otp.h:
libs/common/secure/token.h:
