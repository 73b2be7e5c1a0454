build-lint-gcc/libs/common/data/pg_target.o: libs/common/data/pg_target.c \
 libs/common/data/pg_target.h /usr/include/postgresql/libpq-fe.h \
 /usr/include/postgresql/postgres_ext.h \
 /usr/include/postgresql/pg_config_ext.h libs/common/data/pg.h \
 libs/common/app/metrics.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h
libs/common/data/pg_target.h:
/usr/include/postgresql/libpq-fe.h:
/usr/include/postgresql/postgres_ext.h:
/usr/include/postgresql/pg_config_ext.h:
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
