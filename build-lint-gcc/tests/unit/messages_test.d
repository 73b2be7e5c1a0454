build-lint-gcc/tests/unit/messages_test.o: tests/unit/messages_test.c \
 libs/common/messages.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/base/err.h libs/common/json/read.h libs/common/base/arena.h \
 libs/common/base/id.h libs/common/json/write.h libs/common/base/buf.h \
 tests/lib/test.h
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
tests/lib/test.h:
