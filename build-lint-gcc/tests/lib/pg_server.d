build-lint-gcc/tests/lib/pg_server.o: tests/lib/pg_server.c \
 tests/lib/pg_server.h /usr/include/postgresql/libpq-fe.h \
 /usr/include/postgresql/postgres_ext.h \
 /usr/include/postgresql/pg_config_ext.h libs/common/base/arena.h \
 libs/common/base/str.h
tests/lib/pg_server.h:
/usr/include/postgresql/libpq-fe.h:
/usr/include/postgresql/postgres_ext.h:
/usr/include/postgresql/pg_config_ext.h:
libs/common/base/arena.h:
libs/common/base/str.h:
