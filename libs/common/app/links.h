/*
 * links - what a process in production says to others goes encrypted, to a peer that has
 * proved who it is, or does not leave the machine. PLAIN_LINKS says that the network of
 * Redis and Postgres sees to that by itself.
 */
#ifndef APP_LINKS_H
#define APP_LINKS_H

#include "base/buf.h"

struct app;

/* Redis and Postgres; one line per problem. */
void links_check(const struct app *app, struct buf *problems);
/* What is called outside, by that setting; url may be NULL. Nothing excuses it. */
void links_check_outside(
	const struct app *app, const char *name, const char *url, struct buf *problems);

#endif
