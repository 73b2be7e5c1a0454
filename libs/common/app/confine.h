/*
 * confine - a process gives away what it will not need: whoever takes it over finds little.
 *
 *   confine_master   no new privileges, no core dumps, not to be traced by its own user;
 *                    some calls never (tracing, mounting, namespaces, io_uring, ...), which
 *                    holds for every program that it executes
 *   confine          the same, and: only the system calls of a list (seccomp; others fail
 *                    with EPERM), no memory to be written and executed, no file to be
 *                    written, and none to be read but those that resolving names, TLS and
 *                    time zones need (Landlock, where the kernel has it)
 *
 * Sockets that listen and files that settings name must be open before. It can start
 * threads but no process and no program; it cannot listen, but connect wherever the network
 * lets it.
 *
 * Use:   before the first thread is started: threads inherit it. CONFINE chooses: on, off,
 *        or log (calls outside the list are carried out and noted in the kernel's log).
 */
#ifndef APP_CONFINE_H
#define APP_CONFINE_H

#include <stdbool.h>

/* Sanitizers, coverage and valgrind need more than a service does. */
#ifdef CONFINE_OFF
#define CONFINE_DEFAULT "off"
#else
#define CONFINE_DEFAULT "on"
#endif

/* mode: "on", "off", "log". */
void confine_master(const char *mode);
/* more: further files and folders to read, separated by commas; may be NULL. False, and the
 * reason logged, if the kernel refuses: the process should not go on. */
bool confine(const char *mode, const char *more);
/* confine, then tries what must fail and what must not, and says so; an exit code. */
int confine_check(const char *mode, const char *more);

#endif
