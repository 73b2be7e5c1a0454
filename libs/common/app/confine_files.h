/*
 * confine_files - the files that a confined process may read, by Landlock.
 *
 * Nothing may be written. A file that is replaced by another is not the one that was
 * allowed; folders are, where they hold nothing else. So names are resolved on where
 * /etc/resolv.conf is a link into such a folder (systemd-resolved, NetworkManager,
 * resolvconf); where it is itself replaced in /etc, the process has to start again.
 */
#ifndef APP_CONFINE_FILES_H
#define APP_CONFINE_FILES_H

#include <stdbool.h>

/* False: the kernel has no Landlock, or it is switched off. */
bool confine_files_possible(void);
/* resolver: "/etc/resolv.conf". more: separated by commas; may be NULL. False: the kernel
 * refused. */
bool confine_files(const char *resolver, const char *more);

#endif
