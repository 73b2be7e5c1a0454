build-lint-gcc/tests/unit/base_test.o: tests/unit/base_test.c \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/buf.h \
 libs/common/base/clock.h libs/common/base/id.h libs/common/base/list.h \
 libs/common/base/map.h libs/common/base/utf8.h tests/lib/test.h
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/buf.h:
libs/common/base/clock.h:
libs/common/base/id.h:
libs/common/base/list.h:
libs/common/base/map.h:
libs/common/base/utf8.h:
tests/lib/test.h:
