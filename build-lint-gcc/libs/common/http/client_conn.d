build-lint-gcc/libs/common/http/client_conn.o: \
 libs/common/http/client_conn.c libs/common/http/upstream.h \
 libs/common/http/client.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/buf.h libs/common/base/str.h libs/common/base/err.h \
 libs/common/http/http.h libs/common/base/arena.h \
 libs/common/http/endpoint.h libs/common/http/response.h \
 libs/common/http/chunk.h libs/common/http/head.h
libs/common/http/upstream.h:
libs/common/http/client.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/http/http.h:
libs/common/base/arena.h:
libs/common/http/endpoint.h:
libs/common/http/response.h:
libs/common/http/chunk.h:
libs/common/http/head.h:
