build-lint-gcc/services/billing/stripe_object.o: \
 services/billing/stripe_object.c services/billing/stripe_object.h \
 libs/common/json/read.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h
services/billing/stripe_object.h:
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
