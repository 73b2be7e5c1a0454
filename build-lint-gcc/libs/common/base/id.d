build-lint-gcc/libs/common/base/id.o: libs/common/base/id.c \
 libs/common/base/id.h libs/common/base/str.h libs/common/base/clock.h
libs/common/base/id.h:
libs/common/base/str.h:
libs/common/base/clock.h:
