build-lint-clang/services/chat/send.o: services/chat/send.c \
  libs/common/base/clock.h libs/common/base/utf8.h \
  libs/common/base/str.h services/chat/chat.h libs/common/app/app.h \
  libs/common/app/loop.h libs/common/base/list.h \
  libs/common/app/metrics.h libs/common/base/buf.h \
  libs/common/app/settings.h libs/common/base/arena.h \
  libs/common/app/task.h libs/common/base/err.h libs/common/base/id.h \
  libs/common/base/log.h libs/common/http/route.h \
  libs/common/http/http.h libs/common/http/params.h \
  libs/common/json/read.h libs/common/http/reply.h \
  libs/common/json/write.h libs/common/http/server.h \
  services/chat/messages_store.h libs/common/data/pg_batch.h \
  libs/common/data/pg.h services/chat/queue.h \
  libs/common/secure/secret.h services/chat/views.h \
  services/chat/rooms_store.h

libs/common/base/clock.h:

libs/common/base/utf8.h:

libs/common/base/str.h:

services/chat/chat.h:

libs/common/app/app.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/app/metrics.h:

libs/common/base/buf.h:

libs/common/app/settings.h:

libs/common/base/arena.h:

libs/common/app/task.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/http/route.h:

libs/common/http/http.h:

libs/common/http/params.h:

libs/common/json/read.h:

libs/common/http/reply.h:

libs/common/json/write.h:

libs/common/http/server.h:

services/chat/messages_store.h:

libs/common/data/pg_batch.h:

libs/common/data/pg.h:

services/chat/queue.h:

libs/common/secure/secret.h:

services/chat/views.h:

services/chat/rooms_store.h:
