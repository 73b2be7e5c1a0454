build-lint-clang/libs/common/secure/token_verify.o: \
  libs/common/secure/token_verify.c libs/common/secure/token_verify.h \
  libs/common/app/task.h libs/common/app/loop.h libs/common/base/list.h \
  libs/common/base/arena.h libs/common/base/str.h libs/common/base/err.h \
  libs/common/base/id.h libs/common/base/log.h \
  libs/common/secure/token_key.h libs/common/secure/secret.h \
  libs/common/secure/token.h libs/common/base/buf.h \
  libs/common/json/read.h

libs/common/secure/token_verify.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/str.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:

libs/common/secure/token_key.h:

libs/common/secure/secret.h:

libs/common/secure/token.h:

libs/common/base/buf.h:

libs/common/json/read.h:
