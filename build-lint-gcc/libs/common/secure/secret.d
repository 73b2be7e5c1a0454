build-lint-gcc/libs/common/secure/secret.o: libs/common/secure/secret.c \
 libs/common/secure/secret.h libs/common/base/arena.h \
 libs/common/base/str.h
libs/common/secure/secret.h:
libs/common/base/arena.h:
libs/common/base/str.h:
