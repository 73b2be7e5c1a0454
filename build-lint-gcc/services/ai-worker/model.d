build-lint-gcc/services/ai-worker/model.o: services/ai-worker/model.c \
 services/ai-worker/model.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/base/err.h libs/common/json/read.h libs/common/base/arena.h \
 libs/common/base/id.h
services/ai-worker/model.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/base/err.h:
libs/common/json/read.h:
libs/common/base/arena.h:
libs/common/base/id.h:
