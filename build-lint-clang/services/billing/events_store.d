build-lint-clang/services/billing/events_store.o: \
  services/billing/events_store.c services/billing/events_store.h \
  libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h \
  services/billing/stripe_object.h libs/common/json/read.h \
  libs/common/data/pg.h libs/common/app/metrics.h libs/common/base/buf.h

services/billing/events_store.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

services/billing/stripe_object.h:

libs/common/json/read.h:

libs/common/data/pg.h:

libs/common/app/metrics.h:

libs/common/base/buf.h:
