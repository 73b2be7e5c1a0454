build-lint-gcc/services/billing/sync.o: services/billing/sync.c \
 services/billing/sync.h services/billing/billing.h libs/common/app/app.h \
 libs/common/app/loop.h libs/common/base/list.h libs/common/app/metrics.h \
 libs/common/base/buf.h libs/common/base/str.h libs/common/app/settings.h \
 libs/common/base/arena.h libs/common/app/task.h libs/common/base/err.h \
 libs/common/base/id.h libs/common/base/log.h libs/common/http/route.h \
 libs/common/http/http.h services/billing/stripe_client.h \
 libs/common/http/outbound.h libs/common/json/read.h \
 services/billing/subscriptions_store.h services/billing/stripe_object.h \
 libs/common/data/bus.h libs/common/messages.h libs/common/base/arena.h \
 libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h \
 libs/common/json/read.h libs/common/json/write.h
services/billing/sync.h:
services/billing/billing.h:
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
services/billing/stripe_client.h:
libs/common/http/outbound.h:
libs/common/json/read.h:
services/billing/subscriptions_store.h:
services/billing/stripe_object.h:
libs/common/data/bus.h:
libs/common/messages.h:
libs/common/base/arena.h:
libs/common/base/err.h:
libs/common/base/id.h:
libs/common/base/log.h:
libs/common/json/read.h:
libs/common/json/write.h:
