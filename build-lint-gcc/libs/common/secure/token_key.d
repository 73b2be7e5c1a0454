build-lint-gcc/libs/common/secure/token_key.o: \
 libs/common/secure/token_key.c libs/common/secure/token_key.h \
 libs/common/base/arena.h libs/common/base/str.h \
 libs/common/secure/secret.h
libs/common/secure/token_key.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/secure/secret.h:
