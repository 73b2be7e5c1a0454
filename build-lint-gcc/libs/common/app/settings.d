build-lint-gcc/libs/common/app/settings.o: libs/common/app/settings.c \
 libs/common/app/settings.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/buf.h
libs/common/app/settings.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/buf.h:
