build-lint-clang/services/auth/mobile_regions.o: \
  services/auth/mobile_regions.c services/auth/mobile.h \
  libs/common/base/str.h

services/auth/mobile.h:

libs/common/base/str.h:
