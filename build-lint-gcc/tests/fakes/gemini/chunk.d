build-lint-gcc/tests/fakes/gemini/chunk.o: tests/fakes/gemini/chunk.c \
 tests/fakes/gemini/chunk.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/json/write.h libs/common/base/id.h
tests/fakes/gemini/chunk.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/json/write.h:
libs/common/base/id.h:
