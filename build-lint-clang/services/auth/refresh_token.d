build-lint-clang/services/auth/refresh_token.o: \
  services/auth/refresh_token.c services/auth/refresh_token.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/id.h \
  libs/common/secure/secret.h

services/auth/refresh_token.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/id.h:

libs/common/secure/secret.h:
