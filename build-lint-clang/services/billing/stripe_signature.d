build-lint-clang/services/billing/stripe_signature.o: \
  services/billing/stripe_signature.c \
  services/billing/stripe_signature.h libs/common/base/str.h \
  libs/common/base/buf.h libs/common/base/id.h \
  libs/common/secure/secret.h libs/common/base/arena.h

services/billing/stripe_signature.h:

libs/common/base/str.h:

libs/common/base/buf.h:

libs/common/base/id.h:

libs/common/secure/secret.h:

libs/common/base/arena.h:
