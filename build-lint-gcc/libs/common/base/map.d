build-lint-gcc/libs/common/base/map.o: libs/common/base/map.c \
 libs/common/base/map.h libs/common/base/str.h libs/common/base/id.h
libs/common/base/map.h:
libs/common/base/str.h:
libs/common/base/id.h:
