build-lint-gcc/services/ai-worker/prompt.o: services/ai-worker/prompt.c \
 services/ai-worker/prompt.h libs/common/base/buf.h \
 libs/common/base/str.h libs/common/json/write.h libs/common/base/id.h
services/ai-worker/prompt.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/json/write.h:
libs/common/base/id.h:
