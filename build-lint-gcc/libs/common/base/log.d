build-lint-gcc/libs/common/base/log.o: libs/common/base/log.c \
 libs/common/base/log.h libs/common/base/err.h libs/common/base/str.h \
 libs/common/base/buf.h libs/common/base/clock.h libs/common/json/write.h \
 libs/common/base/id.h
libs/common/base/log.h:
libs/common/base/err.h:
libs/common/base/str.h:
libs/common/base/buf.h:
libs/common/base/clock.h:
libs/common/json/write.h:
libs/common/base/id.h:
