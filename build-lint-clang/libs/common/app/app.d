build-lint-clang/libs/common/app/app.o: libs/common/app/app.c \
  libs/common/app/app.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/app/metrics.h libs/common/base/buf.h \
  libs/common/base/str.h libs/common/app/settings.h \
  libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
  libs/common/http/http.h libs/common/app/admin.h \
  libs/common/base/clock.h libs/common/data/migrate.h \
  libs/common/data/pg.h libs/common/data/redis.h \
  libs/common/http/serve.h libs/common/http/server.h \
  libs/common/secure/token.h

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

libs/common/app/admin.h:

libs/common/base/clock.h:

libs/common/data/migrate.h:

libs/common/data/pg.h:

libs/common/data/redis.h:

libs/common/http/serve.h:

libs/common/http/server.h:

libs/common/secure/token.h:
