build-lint-gcc/libs/common/data/pg_text_array.o: \
 libs/common/data/pg_text_array.c libs/common/data/pg.h \
 libs/common/app/metrics.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h
libs/common/data/pg.h:
libs/common/app/metrics.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
