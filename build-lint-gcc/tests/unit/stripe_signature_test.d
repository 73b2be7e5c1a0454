build-lint-gcc/tests/unit/stripe_signature_test.o: \
 tests/unit/stripe_signature_test.c \
 tests/unit/../../services/billing/stripe_signature.h \
 libs/common/base/str.h libs/common/base/buf.h libs/common/base/id.h \
 libs/common/secure/secret.h libs/common/base/arena.h tests/lib/test.h
tests/unit/../../services/billing/stripe_signature.h:
libs/common/base/str.h:
libs/common/base/buf.h:
libs/common/base/id.h:
libs/common/secure/secret.h:
libs/common/base/arena.h:
tests/lib/test.h:
