build-lint-clang/services/chat/messages_store.o: \
  services/chat/messages_store.c services/chat/messages_store.h \
  libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h \
  libs/common/data/pg_batch.h libs/common/data/pg.h \
  libs/common/app/metrics.h libs/common/base/buf.h services/chat/chat.h \
  libs/common/app/app.h libs/common/app/settings.h \
  libs/common/http/route.h libs/common/http/http.h

services/chat/messages_store.h:

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

services/chat/chat.h:

libs/common/app/app.h:

libs/common/app/settings.h:

libs/common/http/route.h:

libs/common/http/http.h:
