build-lint-gcc/tests/unit/http_client_test.o: \
 tests/unit/http_client_test.c libs/common/http/client.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/base/err.h libs/common/http/http.h \
 libs/common/base/arena.h libs/common/base/clock.h tests/lib/peer.h \
 tests/lib/test.h
libs/common/http/client.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/http/http.h:
libs/common/base/arena.h:
libs/common/base/clock.h:
tests/lib/peer.h:
tests/lib/test.h:
