build-lint-gcc/tests/unit/json_read_test.o: tests/unit/json_read_test.c \
 libs/common/json/read.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h tests/lib/test.h \
 libs/common/json/write.h libs/common/base/buf.h
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
tests/lib/test.h:
libs/common/json/write.h:
libs/common/base/buf.h:
