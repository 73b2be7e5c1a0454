build-lint-gcc/libs/common/base/clock.o: libs/common/base/clock.c \
 libs/common/base/clock.h
libs/common/base/clock.h:
