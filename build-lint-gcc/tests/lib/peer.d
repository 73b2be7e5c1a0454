build-lint-gcc/tests/lib/peer.o: tests/lib/peer.c tests/lib/peer.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/http/http.h libs/common/base/arena.h
tests/lib/peer.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/http/http.h:
libs/common/base/arena.h:
