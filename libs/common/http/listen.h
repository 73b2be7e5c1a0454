/*
 * listen - a listening socket, from an address: "host:port", "[v6]:port", "unix:/path".
 *
 * Use:   listen_open before the process gives its rights away, or in the master whose
 *        workers inherit the socket; the number then goes into http_server_options.fd.
 * Owns:  nothing: the descriptor is the caller's. What waits in its queue is lost only
 *        when the last process that has it open closes it.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdbool.h>

/*
 * A descriptor, or a negative error of libuv's. shared: another process of the same user
 * may listen on the same address meanwhile: a successor before its predecessor ends.
 */
int listen_open(const char *address, bool shared);
bool listen_is_unix(const char *address);
/* The path of a Unix socket goes; other addresses leave nothing behind. */
void listen_forget(const char *address);
/* Of a shared address: new connections go to the successor, if there is one, so that the
 * queue of this one can be emptied and closed without loss. */
void listen_yield(int fd);

#endif
