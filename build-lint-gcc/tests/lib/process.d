build-lint-gcc/tests/lib/process.o: tests/lib/process.c \
 tests/lib/process.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/buf.h libs/common/base/clock.h tests/lib/talk.h \
 libs/common/json/read.h libs/common/base/err.h libs/common/base/id.h
tests/lib/process.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/buf.h:
libs/common/base/clock.h:
tests/lib/talk.h:
libs/common/json/read.h:
libs/common/base/err.h:
libs/common/base/id.h:
