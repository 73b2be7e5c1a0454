build-lint-gcc/tests/unit/otp_test.o: tests/unit/otp_test.c \
 tests/unit/../../services/auth/otp.h libs/common/base/arena.h \
 libs/common/base/str.h tests/lib/test.h
tests/unit/../../services/auth/otp.h:
libs/common/base/arena.h:
libs/common/base/str.h:
tests/lib/test.h:
