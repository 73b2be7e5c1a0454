build-lint-gcc/libs/common/http/outbound_loop.o: \
 libs/common/http/outbound_loop.c libs/common/http/outbound_loop.h \
 libs/common/app/loop.h libs/common/base/list.h
libs/common/http/outbound_loop.h:
libs/common/app/loop.h:
libs/common/base/list.h:
