build-lint-gcc/libs/common/messages.o: libs/common/messages.c \
 libs/common/messages.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/base/err.h libs/common/json/read.h libs/common/base/arena.h \
 libs/common/base/id.h libs/common/json/write.h libs/common/base/buf.h
libs/common/messages.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/base/err.h:
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/id.h:
libs/common/json/write.h:
libs/common/base/buf.h:
