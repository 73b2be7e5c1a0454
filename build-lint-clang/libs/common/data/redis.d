build-lint-clang/libs/common/data/redis.o: libs/common/data/redis.c \
  libs/common/data/redis.h libs/common/app/task.h libs/common/app/loop.h \
  libs/common/base/list.h libs/common/base/arena.h \
  libs/common/base/str.h libs/common/base/err.h libs/common/base/id.h \
  libs/common/base/log.h libs/common/app/app.h libs/common/app/metrics.h \
  libs/common/base/buf.h libs/common/app/settings.h \
  libs/common/http/route.h libs/common/http/http.h \
  libs/common/base/clock.h libs/common/data/redis_conn.h \
  libs/common/data/redis_wire.h libs/common/data/up_hooks.h

libs/common/data/redis.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/app/app.h:

libs/common/app/metrics.h:

libs/common/base/buf.h:

libs/common/app/settings.h:

libs/common/http/route.h:

libs/common/http/http.h:

libs/common/base/clock.h:

libs/common/data/redis_conn.h:

libs/common/data/redis_wire.h:

libs/common/data/up_hooks.h:
