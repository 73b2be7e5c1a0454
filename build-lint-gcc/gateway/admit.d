build-lint-gcc/gateway/admit.o: gateway/admit.c gateway/gateway.h \
 gateway/address.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/http/http.h libs/common/app/app.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/app/settings.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/client.h libs/common/http/reply.h \
 libs/common/json/write.h libs/common/http/server.h gateway/limits.h \
 libs/common/base/clock.h
gateway/gateway.h:
gateway/address.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/http/http.h:
libs/common/app/app.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/app/settings.h:
libs/common/app/task.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/http/route.h:
libs/common/http/client.h:
libs/common/http/reply.h:
libs/common/json/write.h:
libs/common/http/server.h:
gateway/limits.h:
libs/common/base/clock.h:
