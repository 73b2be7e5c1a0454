/*
 * here - whether a host is this machine: what is said to it meets no network.
 */
#ifndef DATA_HERE_H
#define DATA_HERE_H

#include "base/str.h"

/* A name, or an address without brackets. Only "localhost" is believed of names. */
bool host_is_here(struct str host);

#endif
