build-lint-gcc/tests/unit/prompt_test.o: tests/unit/prompt_test.c \
 services/ai-worker/prompt.h libs/common/base/buf.h \
 libs/common/base/str.h tests/lib/test.h
services/ai-worker/prompt.h:
libs/common/base/buf.h:
libs/common/base/str.h:
tests/lib/test.h:
