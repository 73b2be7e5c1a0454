/*
 * confine_files - the files that a confined process may read, by Landlock.
 *
 * The mode is read-only everywhere but for /dev/null. A file that is replaced by another
 * (resolv.conf, on some machines) is not the one that was allowed: folders are, where they
 * hold nothing else.
 */
#ifndef APP_CONFINE_FILES_H
#define APP_CONFINE_FILES_H

#include <stdbool.h>

/* False: the kernel has no Landlock, or it is switched off. */
bool confine_files_possible(void);
/* more: separated by commas; may be NULL. False: the kernel refused. */
bool confine_files(const char *more);

#endif
