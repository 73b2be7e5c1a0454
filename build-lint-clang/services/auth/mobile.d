build-lint-clang/services/auth/mobile.o: services/auth/mobile.c \
  services/auth/mobile.h libs/common/base/str.h

services/auth/mobile.h:

libs/common/base/str.h:
