build-lint-gcc/libs/common/data/pg_dial.o: libs/common/data/pg_dial.c \
 libs/common/data/pg_dial.h /usr/include/postgresql/libpq-fe.h \
 /usr/include/postgresql/postgres_ext.h \
 /usr/include/postgresql/pg_config_ext.h libs/common/app/loop.h \
 libs/common/base/list.h libs/common/data/pg_target.h \
 libs/common/base/buf.h libs/common/base/str.h
libs/common/data/pg_dial.h:
/usr/include/postgresql/libpq-fe.h:
/usr/include/postgresql/postgres_ext.h:
/usr/include/postgresql/pg_config_ext.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/data/pg_target.h:
libs/common/base/buf.h:
libs/common/base/str.h:
