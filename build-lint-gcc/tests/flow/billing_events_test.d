build-lint-gcc/tests/flow/billing_events_test.o: \
 tests/flow/billing_events_test.c libs/common/base/clock.h \
 tests/flow/billing_fixture.h tests/lib/pg_server.h tests/lib/process.h \
 libs/common/base/arena.h libs/common/base/str.h tests/lib/redis_server.h \
 tests/lib/talk.h libs/common/json/read.h libs/common/base/err.h \
 libs/common/base/id.h tests/lib/test.h
libs/common/base/clock.h:
tests/flow/billing_fixture.h:
tests/lib/pg_server.h:
tests/lib/process.h:
libs/common/base/arena.h:
libs/common/base/str.h:
tests/lib/redis_server.h:
tests/lib/talk.h:
libs/common/json/read.h:
libs/common/base/err.h:
libs/common/base/id.h:
tests/lib/test.h:
