build-lint-gcc/tests/fakes/stripe/portal.o: tests/fakes/stripe/portal.c \
 tests/fakes/stripe/stripe.h tests/fakes/stripe/api.h \
 libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h tests/fakes/stripe/form.h \
 tests/fakes/stripe/shelf.h libs/common/base/map.h \
 libs/common/json/write.h libs/common/base/buf.h libs/common/app/app.h \
 libs/common/app/metrics.h libs/common/app/settings.h \
 libs/common/http/route.h libs/common/http/http.h \
 libs/common/http/outbound.h
tests/fakes/stripe/stripe.h:
tests/fakes/stripe/api.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/list.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
tests/fakes/stripe/form.h:
tests/fakes/stripe/shelf.h:
libs/common/base/map.h:
libs/common/json/write.h:
libs/common/base/buf.h:
libs/common/app/app.h:
libs/common/app/metrics.h:
libs/common/app/settings.h:
libs/common/http/route.h:
libs/common/http/http.h:
libs/common/http/outbound.h:
