build-lint-clang/gateway/limits.o: gateway/limits.c gateway/limits.h \
  libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h libs/common/base/map.h \
  libs/common/http/reply.h libs/common/http/http.h \
  libs/common/json/write.h libs/common/base/buf.h

gateway/limits.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/base/map.h:

libs/common/http/reply.h:

libs/common/http/http.h:

libs/common/json/write.h:

libs/common/base/buf.h:
