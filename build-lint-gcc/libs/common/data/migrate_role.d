build-lint-gcc/libs/common/data/migrate_role.o: \
 libs/common/data/migrate_role.c libs/common/data/migrate_role.h \
 /usr/include/postgresql/libpq-fe.h \
 /usr/include/postgresql/postgres_ext.h \
 /usr/include/postgresql/pg_config_ext.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/err.h
libs/common/data/migrate_role.h:
/usr/include/postgresql/libpq-fe.h:
/usr/include/postgresql/postgres_ext.h:
/usr/include/postgresql/pg_config_ext.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
