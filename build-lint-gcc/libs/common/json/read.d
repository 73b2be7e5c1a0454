build-lint-gcc/libs/common/json/read.o: libs/common/json/read.c \
 libs/common/json/read.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/list.h \
 libs/common/base/utf8.h
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/list.h:
libs/common/base/utf8.h:
