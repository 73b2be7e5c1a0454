build-lint-gcc/services/chat/views.o: services/chat/views.c \
 services/chat/views.h services/chat/rooms_store.h libs/common/app/task.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h libs/common/json/write.h libs/common/base/buf.h \
 libs/common/secure/secret.h
services/chat/views.h:
services/chat/rooms_store.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/write.h:
libs/common/base/buf.h:
libs/common/secure/secret.h:
