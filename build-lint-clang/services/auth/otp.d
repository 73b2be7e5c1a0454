build-lint-clang/services/auth/otp.o: services/auth/otp.c \
  services/auth/otp.h libs/common/base/arena.h libs/common/base/str.h \
  libs/common/base/id.h libs/common/secure/secret.h

services/auth/otp.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/id.h:

libs/common/secure/secret.h:
