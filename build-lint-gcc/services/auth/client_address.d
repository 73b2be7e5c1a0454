build-lint-gcc/services/auth/client_address.o: \
 services/auth/client_address.c services/auth/client_address.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/server.h \
 libs/common/base/buf.h libs/common/http/http.h
services/auth/client_address.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/http/server.h:
libs/common/base/buf.h:
libs/common/http/http.h:
