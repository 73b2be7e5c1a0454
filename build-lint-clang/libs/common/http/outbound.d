build-lint-clang/libs/common/http/outbound.o: libs/common/http/outbound.c \
  libs/common/http/outbound.h libs/common/app/task.h \
  libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h libs/common/base/buf.h \
  libs/common/app/app.h libs/common/app/metrics.h \
  libs/common/app/settings.h libs/common/http/route.h \
  libs/common/http/http.h libs/common/base/clock.h \
  libs/common/http/outbound_loop.h

libs/common/http/outbound.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/base/buf.h:

libs/common/app/app.h:

libs/common/app/metrics.h:

libs/common/app/settings.h:

libs/common/http/route.h:

libs/common/http/http.h:

libs/common/base/clock.h:

libs/common/http/outbound_loop.h:
