build-lint-gcc/tests/unit/stripe_object_test.o: \
 tests/unit/stripe_object_test.c \
 tests/unit/../../services/billing/stripe_object.h \
 libs/common/json/read.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/buf.h \
 tests/lib/test.h
tests/unit/../../services/billing/stripe_object.h:
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/buf.h:
tests/lib/test.h:
