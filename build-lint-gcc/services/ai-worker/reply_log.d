build-lint-gcc/services/ai-worker/reply_log.o: \
 services/ai-worker/reply_log.c services/ai-worker/reply_log.h \
 services/ai-worker/answer.h libs/common/data/jobq.h \
 libs/common/data/redis.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/data/pg_batch.h libs/common/data/pg.h \
 libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/http/outbound.h libs/common/http/sse.h \
 services/ai-worker/model.h services/ai-worker/prompt.h \
 services/ai-worker/worker.h libs/common/app/app.h \
 libs/common/app/settings.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/base/utf8.h libs/common/data/bus.h \
 libs/common/messages.h libs/common/base/arena.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/json/read.h \
 libs/common/json/write.h
services/ai-worker/reply_log.h:
services/ai-worker/answer.h:
libs/common/data/jobq.h:
libs/common/data/redis.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/data/pg_batch.h:
libs/common/data/pg.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/http/outbound.h:
libs/common/http/sse.h:
services/ai-worker/model.h:
services/ai-worker/prompt.h:
services/ai-worker/worker.h:
libs/common/app/app.h:
libs/common/app/settings.h:
libs/common/http/route.h:
libs/common/http/http.h:
libs/common/base/utf8.h:
libs/common/data/bus.h:
libs/common/messages.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/read.h:
libs/common/json/write.h:
