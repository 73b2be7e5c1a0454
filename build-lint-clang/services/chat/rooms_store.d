build-lint-clang/services/chat/rooms_store.o: services/chat/rooms_store.c \
  services/chat/rooms_store.h libs/common/app/task.h \
  libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h libs/common/data/pg.h \
  libs/common/app/metrics.h libs/common/base/buf.h

services/chat/rooms_store.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/data/pg.h:

libs/common/app/metrics.h:

libs/common/base/buf.h:
