build-lint-gcc/tests/unit/model_test.o: tests/unit/model_test.c \
 services/ai-worker/model.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/base/err.h tests/lib/test.h
services/ai-worker/model.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/base/err.h:
tests/lib/test.h:
