build-lint-gcc/tests/unit/mobile_test.o: tests/unit/mobile_test.c \
 tests/unit/../../services/auth/mobile.h libs/common/base/str.h \
 tests/lib/test.h
tests/unit/../../services/auth/mobile.h:
libs/common/base/str.h:
tests/lib/test.h:
