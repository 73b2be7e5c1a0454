build-lint-gcc/services/billing/webhook.o: services/billing/webhook.c \
 libs/common/base/clock.h services/billing/billing.h \
 libs/common/app/app.h libs/common/app/loop.h libs/common/base/list.h \
 libs/common/app/metrics.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/app/settings.h libs/common/base/arena.h \
 libs/common/app/task.h libs/common/base/err.h libs/common/base/id.h \
 libs/common/base/log.h libs/common/http/route.h libs/common/http/http.h \
 services/billing/stripe_client.h libs/common/http/outbound.h \
 libs/common/json/read.h services/billing/events_store.h \
 services/billing/stripe_object.h libs/common/http/reply.h \
 libs/common/json/write.h libs/common/http/server.h \
 services/billing/stripe_signature.h
libs/common/base/clock.h:
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
services/billing/events_store.h:
services/billing/stripe_object.h:
libs/common/http/reply.h:
libs/common/json/write.h:
libs/common/http/server.h:
services/billing/stripe_signature.h:
