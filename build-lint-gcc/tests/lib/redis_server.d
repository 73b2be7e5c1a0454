build-lint-gcc/tests/lib/redis_server.o: tests/lib/redis_server.c \
 tests/lib/redis_server.h libs/common/base/str.h
tests/lib/redis_server.h:
libs/common/base/str.h:
