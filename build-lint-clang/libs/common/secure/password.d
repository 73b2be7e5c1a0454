build-lint-clang/libs/common/secure/password.o: \
  libs/common/secure/password.c libs/common/secure/password.h \
  libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h libs/common/app/work.h \
  libs/common/base/utf8.h libs/common/secure/secret.h

libs/common/secure/password.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/app/work.h:

libs/common/base/utf8.h:

libs/common/secure/secret.h:
