build-lint-gcc/tests/unit/stripe_form_test.o: \
 tests/unit/stripe_form_test.c \
 tests/unit/../../services/billing/stripe_form.h libs/common/base/buf.h \
 libs/common/base/str.h tests/unit/../fakes/stripe/form.h \
 libs/common/base/arena.h tests/lib/test.h
tests/unit/../../services/billing/stripe_form.h:
libs/common/base/buf.h:
libs/common/base/str.h:
tests/unit/../fakes/stripe/form.h:
libs/common/base/arena.h:
tests/lib/test.h:
