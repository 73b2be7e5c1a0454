build-lint-gcc/libs/common/data/migrate.o: libs/common/data/migrate.c \
 libs/common/data/migrate.h libs/common/app/app.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/app/metrics.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h libs/common/base/clock.h \
 libs/common/data/migrate_role.h /usr/include/postgresql/libpq-fe.h \
 /usr/include/postgresql/postgres_ext.h \
 /usr/include/postgresql/pg_config_ext.h
libs/common/data/migrate.h:
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
libs/common/base/clock.h:
libs/common/data/migrate_role.h:
/usr/include/postgresql/libpq-fe.h:
/usr/include/postgresql/postgres_ext.h:
/usr/include/postgresql/pg_config_ext.h:
