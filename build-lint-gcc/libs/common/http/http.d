build-lint-gcc/libs/common/http/http.o: libs/common/http/http.c \
 libs/common/http/http.h libs/common/base/arena.h libs/common/base/str.h \
 libs/common/base/utf8.h libs/common/http/octet.h
libs/common/http/http.h:
libs/common/base/arena.h:
libs/common/base/str.h:
libs/common/base/utf8.h:
libs/common/http/octet.h:
