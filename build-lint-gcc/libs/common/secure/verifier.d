build-lint-gcc/libs/common/secure/verifier.o: \
 libs/common/secure/verifier.c libs/common/base/clock.h \
 libs/common/base/list.h libs/common/base/log.h libs/common/base/err.h \
 libs/common/base/str.h libs/common/base/map.h \
 libs/common/secure/secret.h libs/common/base/arena.h \
 libs/common/secure/token.h libs/common/app/task.h libs/common/app/loop.h \
 libs/common/base/id.h libs/common/base/buf.h \
 libs/common/secure/token_verify.h libs/common/secure/token_key.h
libs/common/base/clock.h:
libs/common/base/list.h:
libs/common/base/log.h:
libs/common/base/err.h:
libs/common/base/str.h:
libs/common/base/map.h:
libs/common/secure/secret.h:
libs/common/base/arena.h:
libs/common/secure/token.h:
libs/common/app/task.h:
libs/common/app/loop.h:
libs/common/base/id.h:
libs/common/base/buf.h:
libs/common/secure/token_verify.h:
libs/common/secure/token_key.h:
