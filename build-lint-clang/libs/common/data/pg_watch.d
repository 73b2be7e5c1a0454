build-lint-clang/libs/common/data/pg_watch.o: libs/common/data/pg_watch.c \
  libs/common/data/pg_dial.h /usr/include/postgresql/libpq-fe.h \
  /usr/include/postgresql/postgres_ext.h \
  /usr/include/postgresql/pg_config_ext.h libs/common/app/loop.h \
  libs/common/base/list.h libs/common/data/pg_target.h

libs/common/data/pg_dial.h:

/usr/include/postgresql/libpq-fe.h:

/usr/include/postgresql/postgres_ext.h:

/usr/include/postgresql/pg_config_ext.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/data/pg_target.h:
