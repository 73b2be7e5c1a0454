/*
 * client_address - where a request came from: what the gateway says, which alone can reach
 * this service, and which sets X-Forwarded-For anew; without one, the other end of the
 * connection.
 */
#ifndef AUTH_CLIENT_ADDRESS_H
#define AUTH_CLIENT_ADDRESS_H

#include "app/task.h"

/* Lives as long as the request. */
struct str client_address(const struct task *t);

#endif
