/*
 * run - a process's life once its settings are read: listen, serve, drain, end.
 *
 * Shared by app.c (a process of its own) and master.c (whose workers inherit the sockets).
 *
 * SIGTERM and SIGINT: not ready from now on; after DRAIN_DELAY_MS listening ends; when no
 * connection is left, or after DRAIN_GRACE_MS, so does the process. SIGUSR1 retires a
 * worker: listening ends at once (others have the same sockets open), connections may stay
 * as long as ever, each ends with its next answer.
 */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/app.h"

struct app *app_new(const struct app_spec *spec);
void app_free(struct app **app);
/* True if they are good; else one line per problem. */
bool app_read_settings(struct app *app, struct buf *problems);

/* Every listening socket that the settings ask for. False if one cannot be had, and why was
 * logged; the others are open. */
bool app_open_sockets(struct app *app);
/* What was not given to a server. */
void app_close_sockets(struct app *app);
/* Nobody listens any more: what is left of sockets in the file system goes. */
void app_forget_sockets(const struct app *app);
/* Serves until told to end; an exit code. */
int app_run(struct app *app);

#endif
