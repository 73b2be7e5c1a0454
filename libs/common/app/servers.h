/*
 * servers - what a process listens with: health and metrics for its keeper, requests for
 * everybody, plain and by TLS. Opened by run.c, which drains and closes them.
 */
#ifndef APP_SERVERS_H
#define APP_SERVERS_H

#include "base/err.h"

struct app;

enum err admin_open(struct app *app);
/* Those of USES_HTTP; their metrics, too. */
enum err servers_open(struct app *app);

#endif
