/*
 * confine_calls - the list of system calls that a confined process may make.
 *
 * Found by running every process with CONFINE=log under the whole test suite, and by
 * reading what libuv, glibc's resolver, OpenSSL, libcurl, libpq and hiredis call when
 * something goes wrong.
 *
 * What is not allowed fails with EPERM, or as if the kernel did not know it (newer calls),
 * so that libraries fall back and nothing is lost by a mistake in the list. Calls of
 * another architecture, whose numbers mean something else, end the process.
 */
#ifndef APP_CONFINE_CALLS_H
#define APP_CONFINE_CALLS_H

#include <linux/filter.h>

#define CONFINE_FILTER_MAX 512

/* Writes the filter; its length. denied: what becomes of other calls (SECCOMP_RET_...). */
unsigned short confine_filter(struct sock_filter *out, unsigned denied);
/* For who starts programs: all is allowed but for some. */
unsigned short confine_filter_never(struct sock_filter *out, unsigned denied);

#endif
