build-lint-gcc/services/billing/stripe_form.o: \
 services/billing/stripe_form.c services/billing/stripe_form.h \
 libs/common/base/buf.h libs/common/base/str.h
services/billing/stripe_form.h:
libs/common/base/buf.h:
libs/common/base/str.h:
