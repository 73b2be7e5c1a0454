build-lint-gcc/tests/unit/http_peers_test.o: tests/unit/http_peers_test.c \
 libs/common/http/peers.h tests/lib/test.h libs/common/base/str.h
libs/common/http/peers.h:
tests/lib/test.h:
libs/common/base/str.h:
