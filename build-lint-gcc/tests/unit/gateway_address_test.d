build-lint-gcc/tests/unit/gateway_address_test.o: \
 tests/unit/gateway_address_test.c gateway/address.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/http/http.h \
 tests/lib/test.h
gateway/address.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/http/http.h:
tests/lib/test.h:
