/*
 * confine_calls - the list of system calls that a confined process may make.
 *
 * Found by running every process with CONFINE=log under the whole test suite, and by
 * reading what libuv, glibc's resolver, OpenSSL, libcurl, libpq and hiredis call when
 * something goes wrong.
 */
#ifndef APP_CONFINE_CALLS_H
#define APP_CONFINE_CALLS_H

#include <linux/filter.h>

#define CONFINE_FILTER_MAX 512

/* Writes the filter; its length. denied: what becomes of other calls (SECCOMP_RET_...). */
unsigned short confine_filter(struct sock_filter *out, unsigned denied);

#endif
