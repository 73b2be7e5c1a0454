build-lint-gcc/libs/common/http/octet.o: libs/common/http/octet.c \
 libs/common/http/octet.h libs/common/base/str.h
libs/common/http/octet.h:
libs/common/base/str.h:
