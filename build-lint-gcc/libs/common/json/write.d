build-lint-gcc/libs/common/json/write.o: libs/common/json/write.c \
 libs/common/json/write.h libs/common/base/buf.h libs/common/base/str.h \
 libs/common/base/id.h libs/common/base/clock.h
libs/common/json/write.h:
libs/common/base/buf.h:
libs/common/base/str.h:
libs/common/base/id.h:
libs/common/base/clock.h:
