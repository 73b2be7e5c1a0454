build-lint-clang/libs/common/data/pg_run.o: libs/common/data/pg_run.c \
  libs/common/app/app.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/app/metrics.h libs/common/base/buf.h \
  libs/common/base/str.h libs/common/app/settings.h \
  libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
  libs/common/http/http.h libs/common/data/pg_conn.h \
  /usr/include/postgresql/libpq-fe.h \
  /usr/include/postgresql/postgres_ext.h \
  /usr/include/postgresql/pg_config_ext.h libs/common/data/pg.h \
  libs/common/data/pg_dial.h libs/common/data/pg_target.h \
  libs/common/data/pg_prepared.h

libs/common/app/app.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/app/metrics.h:

libs/common/base/buf.h:

libs/common/base/str.h:

libs/common/app/settings.h:

libs/common/base/arena.h:

libs/common/app/task.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/http/route.h:

libs/common/http/http.h:

libs/common/data/pg_conn.h:

/usr/include/postgresql/libpq-fe.h:

/usr/include/postgresql/postgres_ext.h:

/usr/include/postgresql/pg_config_ext.h:

libs/common/data/pg.h:

libs/common/data/pg_dial.h:

libs/common/data/pg_target.h:

libs/common/data/pg_prepared.h:
