build-lint-gcc/tests/fakes/stripe/shelf.o: tests/fakes/stripe/shelf.c \
 tests/fakes/stripe/shelf.h libs/common/base/arena.h \
 libs/common/base/str.h libs/common/base/list.h libs/common/base/map.h \
 libs/common/base/clock.h libs/common/base/id.h
tests/fakes/stripe/shelf.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/list.h:
libs/common/base/map.h:
libs/common/base/clock.h:
libs/common/base/id.h:
