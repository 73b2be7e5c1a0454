build-lint-gcc/tests/unit/secret_test.o: tests/unit/secret_test.c \
 libs/common/secure/secret.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/id.h tests/lib/test.h
libs/common/secure/secret.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/id.h:
tests/lib/test.h:
