build-lint-clang/libs/common/data/jobq_group.o: \
  libs/common/data/jobq_group.c libs/common/data/jobq_group.h \
  libs/common/data/jobq_hand.h libs/common/base/buf.h \
  libs/common/base/str.h libs/common/base/map.h libs/common/data/jobq.h \
  libs/common/data/redis.h libs/common/app/task.h libs/common/app/loop.h \
  libs/common/base/list.h libs/common/base/arena.h \
  libs/common/base/err.h libs/common/base/id.h libs/common/base/log.h

libs/common/data/jobq_group.h:

libs/common/data/jobq_hand.h:

libs/common/base/buf.h:

libs/common/base/str.h:

libs/common/base/map.h:

libs/common/data/jobq.h:

libs/common/data/redis.h:

libs/common/app/task.h:

libs/common/app/loop.h:

libs/common/base/list.h:

libs/common/base/arena.h:

libs/common/base/err.h:

libs/common/base/id.h:

libs/common/base/log.h:
