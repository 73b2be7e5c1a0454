build-lint-gcc/tests/unit/refresh_token_test.o: \
 tests/unit/refresh_token_test.c \
 tests/unit/../../services/auth/refresh_token.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/secure/secret.h tests/lib/test.h
tests/unit/../../services/auth/refresh_token.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/secure/secret.h:
tests/lib/test.h:
