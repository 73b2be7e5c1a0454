build-lint-gcc/services/chat/sweep.o: services/chat/sweep.c \
 services/chat/sweep.h services/chat/chat.h libs/common/app/app.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/app/metrics.h \
 libs/common/base/buf.h libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/base/clock.h \
 libs/common/data/redis.h services/chat/jobs_store.h \
 services/chat/queue.h
services/chat/sweep.h:
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
libs/common/base/clock.h:
libs/common/data/redis.h:
services/chat/jobs_store.h:
services/chat/queue.h:
